"""The atlas: one drawn embryo of each stage, by the pen of the synthetic store, as a ruler beside the photographs."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np

from lsl_shared.fly import STAGES
from lsl_tools.demo.genes import draw_gene
from lsl_tools.demo.photograph import draw_photograph
from lsl_tools.demo.render import luminance
from lsl_tools.review.pictures import jpeg_of

__all__ = ["drawn_stage", "has_atlas"]

_SEED: Final = 12
"""Of a straight embryo with clear outlines."""
_MIDDLE, _GAMMA = 0.5, 1.8


def has_atlas(classes: tuple[str, ...]) -> bool:
    """Whether there are drawings: of the fly's stages alone."""
    return set(classes) <= set(STAGES)


@lru_cache(len(STAGES))
def drawn_stage(name: str) -> bytes:
    """An unstained embryo in the middle of a stage, as JPEG."""
    generator = np.random.default_rng(_SEED)
    drawn = draw_photograph(draw_gene(0, generator), generator)
    straight = replace(drawn.pose, bend=0.0, roll=0.0, angle=0.0)
    clear = replace(drawn, pose=straight, texture=0.3 * drawn.texture, noise=0.0, focus=1.0)
    light = np.clip(luminance(float(name) + _MIDDLE, clear), 0, 1) ** _GAMMA
    grey = np.round(light * 255).astype(np.uint8)
    return jpeg_of(np.repeat(grey[..., None], 3, axis=2), 88)
