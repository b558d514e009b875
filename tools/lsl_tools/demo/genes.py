"""A gene: where it is expressed, and the light and the stain of the session that photographed it.

A share of the genes is expressed in regions of the embryo that have nothing to do with its stage (gradients, caps,
blots, everywhere, nowhere); the others are expressed in tissues and move with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from lsl_tools.demo.pose import HEIGHT, WIDTH, FloatArray

__all__ = ["TISSUE_FAMILIES", "Gene", "Region", "draw_gene"]

STAGE_INDEPENDENT: Final = 0.5

TISSUE_FAMILIES: Final[Mapping[str, Mapping[str, float]]] = {
    "gut": {"anterior midgut": 1.0, "posterior midgut": 1.0, "midgut": 0.9, "hindgut": 0.5, "blastoderm": 0.2},
    "nervous system": {"nerve cord": 1.0, "brain": 1.0, "ectoderm": 0.45, "head": 0.5},
    "mesoderm": {"mesoderm": 1.0, "midgut": 0.35, "muscles": 0.9},
    "epidermis": {
        "ectoderm": 0.9,
        "segment stripes": 0.8,
        "flank": 0.7,
        "muscles": 0.7,
        "head": 0.8,
        "blastoderm": 0.8,
    },
    "segments": {"segment stripes": 1.0, "gnathal lobes": 0.6},
    "head": {"head": 1.0, "brain": 0.7, "clypeolabrum": 1.0, "gnathal lobes": 0.9, "foregut": 0.8},
    "germ cells": {"pole cells": 1.0, "posterior midgut": 0.35, "gonads": 1.0},
    "salivary glands": {"salivary glands": 1.0},
    "muscles": {"muscles": 1.0, "mesoderm": 0.4},
    "amnioserosa": {"amnioserosa": 1.0},
    "yolk": {"yolk": 0.9, "midgut": 0.6},
    "hindgut": {"hindgut": 1.0, "posterior midgut": 0.8},
    "foregut": {"foregut": 1.0, "clypeolabrum": 0.8},
    "surface": {"blastoderm": 1.0, "ectoderm": 0.5, "head": 0.5},
}

# Clear ground and its two main variations (blue to yellow, green to magenta), red, green, blue.
_CLEAR_GROUND: Final = np.array([0.96, 0.955, 0.925])
_TINTS: Final = np.array([[-0.02, -0.003, 0.025], [-0.006, 0.01, -0.006]])

_X, _ETA = np.meshgrid(np.linspace(0.0, 1.0, WIDTH // 4), np.linspace(-1.0, 1.0, HEIGHT // 4))
_X, _ETA = _X.astype(np.float32), _ETA.astype(np.float32)


@dataclass(frozen=True)
class Region:
    """A soft elliptic area of the embryo, stage or no stage: centre, radii (x and eta units), softness, density."""

    x: float
    eta: float
    length: float
    breadth: float
    softness: float
    density: float


@dataclass(frozen=True)
class Gene:
    """What all photographs of one gene share.

    `tissues` gives stain densities by tissue name; `regions` are stage-independent; `light` is the colour 0..1 of the
    clear ground and `stain` the absorbance of red, green and blue at density 1 and strength 1.
    """

    name: str
    tissues: Mapping[str, float]
    regions: tuple[Region, ...]
    everywhere: float
    speckle: float
    light: tuple[float, float, float]
    stain: tuple[float, float, float]
    shear: float
    strength: float
    background: float

    @property
    def stage_independent(self) -> bool:
        """Whether the pattern ignores the anatomy."""
        return not self.tissues

    def region_density(self, shift: tuple[float, float]) -> FloatArray:
        """Density float32 (32, 80) of the stage-independent part, moved by `shift` in (x, eta)."""
        density = np.full(_X.shape, self.everywhere, np.float32)
        for region in self.regions:
            along = (_X - region.x - shift[0]) / region.length
            across = (_ETA - region.eta - shift[1]) / region.breadth
            edge = (1.0 - np.sqrt(along * along + across * across)) / region.softness
            density = np.maximum(density, region.density * np.clip(edge, 0.0, 1.0))
        return density

    def upsampled(self, shift: tuple[float, float]) -> FloatArray:
        """`region_density` at full resolution, float32 (128, 320)."""
        return np.asarray(cv2.resize(self.region_density(shift), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR))


def draw_gene(index: int, generator: np.random.Generator) -> Gene:
    """A random gene; `generator` must be its own stream."""
    kind = generator.random()
    tissues = _draw_tissues(generator) if kind >= STAGE_INDEPENDENT else {}
    in_regions = 0.24 <= kind < STAGE_INDEPENDENT
    regions = tuple(_draw_region(generator) for _ in range(generator.integers(1, 4))) if in_regions else ()
    everywhere = float(generator.uniform(0.4, 1.0)) if kind < 0.17 else 0.0
    tint = generator.normal(0.0, 1.0, 2)
    light = _CLEAR_GROUND + tint @ _TINTS
    depth, blue, green = generator.uniform(1.1, 1.7), generator.uniform(0.28, 0.62), generator.normal(0.96, 0.04)
    stain = depth * np.array([1.0, green, blue])
    return Gene(
        name=f"demo{index:04d}",
        tissues=tissues,
        regions=regions,
        everywhere=everywhere,
        speckle=float(max(generator.normal(0.02, 0.2), 0.0)),
        light=_triple(np.clip(light * generator.uniform(0.9, 1.03), 0.6, 1.0)),
        stain=_triple(np.maximum(stain, 0.2)),
        shear=float(generator.normal(-2.36, 0.35)),
        strength=float(np.exp(generator.normal(0.0, 0.4))),
        background=float(abs(generator.normal(0.0, 0.12))),
    )


def _draw_tissues(generator: np.random.Generator) -> dict[str, float]:
    families = generator.choice(list(TISSUE_FAMILIES), size=int(generator.integers(1, 4)), replace=False)
    tissues: dict[str, float] = {}
    for family in families:
        share = float(generator.uniform(0.45, 1.0))
        for tissue, density in TISSUE_FAMILIES[str(family)].items():
            tissues[tissue] = max(tissues.get(tissue, 0.0), density * share * float(generator.random() > 0.15))
    return tissues


def _draw_region(generator: np.random.Generator) -> Region:
    shape = generator.integers(5)
    x, eta = generator.uniform(0.0, 1.0), generator.uniform(-1.0, 1.0)
    length, breadth = generator.uniform(0.06, 0.3), generator.uniform(0.25, 0.9)
    if shape == 1:
        length, breadth = generator.uniform(0.05, 0.15), 3.0  # a stripe across
    elif shape == 2:
        length, breadth = 1.5, generator.uniform(0.4, 0.9)  # the back or the belly
        eta = float(generator.choice([-1.0, 1.0]))
    elif shape == 3:
        length, breadth, x, eta = generator.uniform(0.15, 0.45), 1.8, float(generator.integers(2)), 0.0  # a pole
    softness, density = float(generator.uniform(0.45, 1.0)), float(generator.uniform(0.4, 1.0))
    return Region(float(x), float(eta), float(length), float(breadth), softness, density)


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
