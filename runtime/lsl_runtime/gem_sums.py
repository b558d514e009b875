"""The running sums behind genomewide expression maps: one pass over a store, whatever its length and the stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem_choice import Choice
from lsl_runtime.gem_saliency import SaliencyOf
from lsl_runtime.masks import saliency_mask
from lsl_runtime.partitions import partitions
from lsl_shared.expression import expression
from lsl_shared.store import Store

__all__ = ["STAINED", "Measured", "Mode", "Sums", "sum_up"]

Mode = Literal["mean", "fraction"]
STAINED = 0.2
"""Mode `fraction` counts a pixel as stained above this density."""

_BATCH = 16


@dataclass(frozen=True)
class Measured:
    """One chosen image: `pixels` (H, W, 3), what it adds to the map, its embryo, and its saliency mask if wanted."""

    row: int
    pixels: NDArray[np.uint8]
    value: NDArray[np.float32]
    embryo: NDArray[np.bool_]
    mask: NDArray[np.float32] | None


class Sums:
    """Weighted sums over the images of one stage: `value`, `masked`, `embryo`, float64 (H, W); `weight`; `empty`."""

    def __init__(self, choice: Choice, shape: tuple[int, int]) -> None:
        self.choice = choice
        self.value, self.masked, self.embryo = (np.zeros(shape) for _ in range(3))
        self.weight, self.empty = 0.0, 0
        self.samples: dict[int, Measured] = {}

    def add(self, image: Measured, weight: float) -> None:
        """Adds one image; keeps those that the choice wants to show."""
        self.weight += weight
        self.value += weight * image.value
        self.embryo += weight * image.embryo
        if image.mask is not None:
            self.masked += weight * (image.mask * image.value)
        self.empty += not image.embryo.any()
        if image.row in self.choice.samples:
            self.samples[image.row] = replace(image, pixels=image.pixels.copy())


def sum_up(
    store: Store,
    choices: Sequence[Choice],
    saliency_of: SaliencyOf | None,
    mode: Mode,
    on_progress: Callable[[int], None],
) -> list[Sums]:
    """The sums of each choice; the choices share no image. Each chunk that holds a chosen image is read once."""
    sums = [Sums(choice, store.shape[1:]) for choice in choices]
    owner, weight = np.full(len(store), -1), np.zeros(len(store))
    for place, choice in enumerate(choices):
        owner[choice.rows], weight[choice.rows] = place, choice.weights
    for partition in partitions(len(store), store.chunk_images):
        passed = partition.start
        rows = partition.start + np.flatnonzero(owner[partition.start : partition.stop] >= 0)
        for batch in _batches(store, rows, saliency_of, mode):
            for image in batch:
                sums[owner[image.row]].add(image, weight[image.row])
            on_progress(batch[-1].row + 1 - passed)
            passed = batch[-1].row + 1
        on_progress(partition.stop - passed)
    return sums


def _batches(
    store: Store, rows: NDArray[np.int64], saliency_of: SaliencyOf | None, mode: Mode
) -> Iterator[list[Measured]]:
    pixels = store.select(rows)  # (n, H, W, 3)
    for start in range(0, len(rows), _BATCH):
        part = slice(start, start + _BATCH)
        maps = saliency_of(rows[part], pixels[part]) if saliency_of else [None] * len(rows[part])
        chosen = zip(rows[part], pixels[part], maps, strict=True)
        yield [_measure(int(row), image, saliency, mode) for row, image, saliency in chosen]


def _measure(row: int, pixels: NDArray[np.uint8], saliency: NDArray[np.float32] | None, mode: Mode) -> Measured:
    found = expression(pixels)
    value = found.density if mode == "mean" else (found.density > STAINED).astype(np.float32)
    mask = None if saliency is None else saliency_mask(saliency, found.mask)
    return Measured(row, pixels, value, found.mask, mask)
