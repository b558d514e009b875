"""Variants of a standardized photograph for training: other stain, light, focus, relief and cut-out, the same embryo.

Few genes are at hand, so what belongs to a gene (where it is stained) or to a microscope (colour, the side that DIC
relief is lit from) must not tell how an embryo lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_shared.measures.stain import STAIN_BLUE, expression

__all__ = ["Decomposed", "decompose", "variant"]

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Decomposed:
    """A photograph as optical densities: unstained tissue (H, W, 3) and stain (H, W), with the embryo's mask (H, W)."""

    tissue: FloatArray
    stain: FloatArray
    mask: NDArray[np.bool_]


def decompose(image: NDArray[np.uint8]) -> Decomposed:
    """Stain and tissue of a standardized photograph uint8 (H, W, 3)."""
    found = expression(image)
    density = -np.log10(np.maximum(image, 1) / np.float32(255))
    return Decomposed(density - _coloured(found.density, STAIN_BLUE), found.density, found.mask)


def variant(embryo: Decomposed, donor: Decomposed, generator: np.random.Generator) -> NDArray[np.uint8]:
    """The embryo as another photograph might show it, uint8 (H, W, 3), white outside; `donor` lends its stain."""
    tissue = embryo.tissue * np.float32(generator.uniform(0.6, 1.6))
    if generator.random() < 0.5:  # relief lit from the other side
        smooth = cv2.GaussianBlur(tissue, (0, 0), generator.uniform(2.0, 4.0))
        tissue = 2 * smooth - tissue
    stain = _coloured(_stain(embryo, donor, generator), generator.uniform(0.35, 0.6))
    light = np.power(np.float32(10), -(tissue + stain + _lamp(embryo.mask.shape, generator)))
    if generator.random() < 0.5:
        light = cv2.GaussianBlur(light, (0, 0), generator.uniform(0.4, 1.6))
    light = light + generator.normal(0, generator.uniform(0, 0.015), light.shape).astype(np.float32)
    cut = _cut_out(embryo.mask, generator)
    light[cut & ~embryo.mask] = generator.uniform(0.8, 0.97)
    light[~cut] = 1.0
    return np.asarray(np.clip(255 * light, 0, 255).astype(np.uint8))


def _coloured(stain: FloatArray, blue: float) -> FloatArray:
    return stain[..., None] * np.array([1, 1, blue], np.float32)


def _stain(embryo: Decomposed, donor: Decomposed, generator: np.random.Generator) -> FloatArray:
    """Its own stain, weaker or stronger or gone; often another embryo's, turned at random, blots, or some all over."""
    stain = embryo.stain * np.float32(generator.choice([0.0, 0.5, 1.0, 1.3], p=[0.35, 0.2, 0.35, 0.1]))
    if generator.random() < 0.4:
        turned = donor.stain[:: generator.choice([-1, 1]), :: generator.choice([-1, 1])]
        stain = stain + turned * np.float32(generator.uniform(0.3, 1.0))
    if generator.random() < 0.5:
        stain = np.maximum(stain, _blots(embryo.mask.shape, generator))
    if generator.random() < 0.3:
        stain = stain + np.float32(generator.uniform(0.0, 0.35))
    return np.asarray(np.clip(stain, 0, 1.2) * embryo.mask, np.float32)


def _blots(shape: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
    """One to four strongly stained spots, streaks or belts anywhere, (H, W)."""
    height, width = shape
    plane = np.zeros(shape, np.float32)
    for _ in range(generator.integers(1, 5)):
        centre = (int(generator.integers(width)), int(generator.integers(height)))
        axes = (int(generator.uniform(0.02, 0.18) * width), int(generator.uniform(0.05, 0.5) * height))
        cv2.ellipse(plane, centre, axes, generator.uniform(0, 180), 0, 360, generator.uniform(0.3, 1.1), -1)
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), generator.uniform(1.5, 6.0)), np.float32)


def _lamp(shape: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
    """Optical density of uneven light and of a tint, (H, W, 3)."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in shape), indexing="ij")
    slope = generator.normal(0, 0.03, 2).astype(np.float32)
    tint = generator.normal(0, 0.02, 3).astype(np.float32)
    return np.asarray((slope[0] * y + slope[1] * x)[..., None] + tint, np.float32)


def _cut_out(mask: NDArray[np.bool_], generator: np.random.Generator) -> NDArray[np.bool_]:
    """The mask as a segmentation might have found it: smoother, wider or closer."""
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), generator.uniform(1.0, 7.0))
    return np.asarray(soft > generator.uniform(0.25, 0.75))
