"""What the orientation networks learn from: photographs whose orientation is known, their variants and composites."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from orientation_composites import composites
from orientation_network import HALF
from orientation_variants import decompose, variant

from lsl_shared.files.store import Store

__all__ = ["Photographs", "photographs"]

COMPOSITES_SEED = 21


@dataclass(frozen=True)
class Photographs:
    """What is learnt from: variants of each photograph at half size, uint8 (N, V, 64, 160, 3), the first as it is.

    `asked`, uint8 (N, 1 + C, 64, 160, 3), are the photograph and its composites; `well`, bool (N, 1 + C), which of them
    are to be asked about: none that was cut out badly.
    """

    images: NDArray[np.uint8]
    asked: NDArray[np.uint8]
    well: NDArray[np.bool_]
    ids: NDArray[np.object_]
    genes: NDArray[np.object_]
    lateral: NDArray[np.bool_]
    ranges: NDArray[np.int16]


def photographs(store: Path, donors: Path, variants: int, count: int, held: set[str]) -> Photographs:
    """Reads a store and makes variants, and `count` composites, but not of `held` genes.

    Stain and neighbours that they borrow are those of synthetic embryos.
    """
    with Store(donors) as opened:
        synthetic = opened.read(0, 400)
    with Store(store) as opened:
        images, ranges, lateral = opened.read(0, len(opened)), opened.labels("stage_range"), opened.views == "lateral"
        ids, genes = opened.ids, opened.genes
    made = variants_of(images, synthetic, variants)
    well = np.zeros((len(images), 1 + count), bool)
    well[:, 0] = True
    asked = made[:, :1].repeat(1 + count, axis=1)
    known = ~np.isin(genes, list(held))
    found, well[known, 1:] = composites(images[known], synthetic, count, COMPOSITES_SEED)
    for row, cut_outs in zip(np.flatnonzero(known), found, strict=True):
        for place, image in enumerate(cut_outs, start=1):
            asked[row, place] = half(image)
    return Photographs(made, asked, well, ids, genes, lateral, ranges)


def variants_of(images: NDArray[np.uint8], donors: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Images uint8 (N, 128, 320, 3) → uint8 (N, count, 64, 160, 3): each as it is, then its variants."""
    generator = np.random.default_rng(0)
    lent = [decompose(image) for image in donors]
    made = np.empty((len(images), count, *HALF, 3), np.uint8)
    for image, row in zip(images, made, strict=True):
        embryo = decompose(image)
        row[0] = half(image)
        for place in range(1, count):
            row[place] = half(variant(embryo, lent[generator.integers(len(lent))], generator))
    return made


def half(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image at the size that the networks see."""
    return np.asarray(cv2.resize(image, HALF[::-1], interpolation=cv2.INTER_AREA), np.uint8)
