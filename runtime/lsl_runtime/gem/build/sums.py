"""The running sums behind genomewide expression maps: one pass over a store, however many the maps.

Sums over parts of a store add up to those of the whole, so that workers may share a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.bootstrap import BAND_ROWS, Replicates, area_mean, gene_counts, grid_shape
from lsl_runtime.gem.build.chosen_rows import ChosenRows
from lsl_runtime.gem.build.gene_sums import GeneSums
from lsl_runtime.gem.build.landmark_map import ContributionSums
from lsl_runtime.gem.build.masks import saliency_mask
from lsl_runtime.gem.build.saliency_source import Explained, SaliencyOf
from lsl_runtime.gem.build.selection import Choice, group_name
from lsl_runtime.gem.build.settings import MapSettings, Mode
from lsl_runtime.model.cores import cores
from lsl_shared.files.partitions import partitions
from lsl_shared.files.store import Store
from lsl_shared.measures.stain import expression
from lsl_shared.measures.stored_stain import from_bytes
from lsl_shared.process.scratch import scratch

__all__ = ["STAINED", "Measured", "Sums", "add_up", "measure", "pieces", "sum_up"]

STAINED = 0.2
"""Mode `fraction` counts a pixel as stained above this density."""

_UNSEEN = np.empty((0, 0, 3), np.uint8)  # the pixels of an image that nobody looks at
_BATCH = 16
_PIECES = 64


@dataclass(frozen=True)
class Measured:
    """One chosen image of `group`: `pixels` (H, W, 3), none where nobody looks at them, what it adds to the map, its
    stain density in 0..1, its embryo, and, if wanted, its saliency mask and its contributions."""

    row: int
    group: str
    pixels: NDArray[np.uint8]
    value: NDArray[np.float32]
    density: NDArray[np.float32]
    embryo: NDArray[np.bool_]
    mask: NDArray[np.float32] | None
    contributions: NDArray[np.float32] | None = None

    @cached_property
    def cells(self) -> NDArray[np.float32]:
        """What it adds to the map on the grid of the bootstrap, float32 (h, w)."""
        return area_mean(self.value, grid_shape(self.value.shape, BAND_ROWS))

    def kept(self) -> Measured:
        """The same, holding on to nothing of its batch."""
        signed = None if self.contributions is None else self.contributions.copy()
        return replace(self, pixels=self.pixels.copy(), contributions=signed)


class Sums:
    """Weighted sums over the images of one choice: `value`, `masked`, `embryo`, float64 (H, W); `weight`; `empty`.

    `replicates` and `masked_replicates` are those of the bootstrap; `genes` holds a sum of each gene if wanted,
    `contributions` those of images that have some.
    """

    def __init__(self, choice: Choice, shape: tuple[int, int], per_gene: bool = False) -> None:
        self.choice = choice
        self.value, self.masked, self.embryo = (np.zeros(shape) for _ in range(3))
        self.weight, self.empty = 0.0, 0
        grid = grid_shape(shape, BAND_ROWS)
        self.replicates, self.masked_replicates = Replicates(grid), Replicates(grid)
        self.genes = GeneSums(shape) if per_gene else None
        self.contributions = ContributionSums(shape)
        self.samples: dict[int, Measured] = {}

    def add(self, image: Measured, weight: float) -> None:
        """Adds one image; keeps those that the choice wants to show."""
        self.weight += weight
        _accumulate(self.value, image.value, weight)
        _accumulate(self.embryo, image.embryo, weight)
        counts, grid = gene_counts(image.group), self.replicates.grid
        self.replicates.add(image.cells, weight, counts)
        if image.mask is not None:
            masked = np.multiply(image.mask, image.value, out=scratch("masked", image.value.shape))
            _accumulate(self.masked, masked, weight)
            self.masked_replicates.add(area_mean(masked, grid), weight, counts)
        if image.contributions is not None:
            self.contributions.add(image.group, image.contributions, weight)
        if self.genes is not None:
            self.genes.add(image.group, image.density, image.embryo)
        self.empty += not image.embryo.any()
        if image.row in self.choice.samples:
            self.samples[image.row] = image.kept()

    def __iadd__(self, other: Sums) -> Self:
        """Adds the sums over another part of the same choice."""
        self.value += other.value
        self.masked += other.masked
        self.embryo += other.embryo
        self.weight += other.weight
        self.empty += other.empty
        self.replicates += other.replicates
        self.masked_replicates += other.masked_replicates
        if self.genes is not None and other.genes is not None:
            self.genes = self.genes + other.genes
        self.contributions += other.contributions
        self.samples = self.samples | other.samples
        return self

    def __add__(self, other: Sums) -> Sums:
        """The sums over both parts of the same choice."""
        both = Sums(self.choice, self.value.shape, self.genes is not None)
        both += self
        both += other
        return both


def _accumulate(total: NDArray[np.float64], plane: NDArray[np.float32] | NDArray[np.bool_], weight: float) -> None:
    """Adds weight · plane (H, W), rounded to float32, to the total."""
    import cv2

    cv2.accumulate(np.multiply(plane, np.float32(weight), out=scratch("weighted", plane.shape)), total)


def pieces(store: Store) -> list[list[range]]:
    """The partitions of a store in at most 64 pieces.

    Maps are the sums over the pieces, added up in order: so they have the same bits, whoever made the sums.
    """
    cut = partitions(len(store), store.chunk_images)
    each = -(-len(cut) // _PIECES)
    return [cut[start : start + each] for start in range(0, len(cut), each)]


def add_up(choices: Sequence[Choice], found: Iterable[Sequence[Sums]], store: Store, per_gene: bool) -> list[Sums]:
    """The sums of each choice from those over the pieces of a store, `found` in order."""
    total = [Sums(choice, store.shape[1:], per_gene) for choice in choices]
    for piece in found:
        for place, part in enumerate(piece):
            total[place] += part
    return total


def sum_up(
    store: Store,
    choices: Sequence[Choice],
    settings: MapSettings,
    explained: Explained | SaliencyOf | None = None,
    on_progress: Callable[[int], None] | None = None,
    *,
    over: Sequence[range] | None = None,
    threads: int | None = None,
) -> list[Sums]:
    """The sums of each choice; choices may share images. Each chunk that holds a chosen image is read once.

    `over` names the partitions to pass, by default all; those of a store cut in any way, added up, give the same sums
    but for rounding. `explained` gives saliency maps, or contributions as well. Images are measured in `threads`, by
    default as many as there are processors.
    """
    sums = [Sums(choice, store.shape[1:], settings.per_gene) for choice in choices]
    advance, maps_of = on_progress or (lambda count: None), _maps_of(explained)
    chosen = ChosenRows(choices)
    shown = np.concatenate([np.array([], np.int64), *(choice.samples for choice in choices)])
    with ThreadPoolExecutor(threads or cores()) as pool:
        for partition in partitions(len(store), store.chunk_images) if over is None else over:
            passed = partition.start
            rows = chosen.within(partition)
            for batch in _batches(store, rows, maps_of, settings.mode, pool, shown):
                for image in batch:
                    for place, weight in chosen.of(image.row):
                        sums[place].add(image, weight)
                advance(batch[-1].row + 1 - passed)
                passed = batch[-1].row + 1
            advance(partition.stop - passed)
    return sums


def _maps_of(explained: Explained | SaliencyOf | None) -> Explained:
    return explained if isinstance(explained, Explained) else Explained(explained)


def measure(
    store: Store,
    row: int,
    pixels: NDArray[np.uint8],
    saliency: NDArray[np.float32] | None,
    mode: Mode,
    contributions: NDArray[np.float32] | None = None,
    stain: NDArray[np.uint8] | None = None,
) -> Measured:
    """What the image at `row` adds to a map; `stain` (H, W) is what is stored of it, else it is found in `pixels`."""
    found = expression(pixels) if stain is None else from_bytes(stain)
    value = found.density if mode == "mean" else (found.density > STAINED).astype(np.float32)
    mask = None if saliency is None else saliency_mask(saliency, found.mask)
    return Measured(row, group_name(store, row), pixels, value, found.density, found.mask, mask, contributions)


def _batches(
    store: Store,
    rows: NDArray[np.int64],
    explained: Explained,
    mode: Mode,
    pool: ThreadPoolExecutor,
    shown: NDArray[np.int64],
) -> Iterator[list[Measured]]:
    """Measured images in order; while a batch is measured, the next one is read. Pixels may be those `shown` alone."""
    waiting = None
    for part in _cut(rows, store.chunk_images):
        if explained.is_stored:
            pixels, images = _pixels(store, part, shown), _UNSEEN[None]
        else:
            images = store.select(part)  # (n, H, W, 3)
            pixels = list(images)
        maps = explained.of(part, images)
        stains = explained.stain(part) if explained.stain else [None] * len(part)
        chosen = zip(part, pixels, maps, stains, strict=True)
        started = [
            pool.submit(measure, store, int(row), image, one, mode, two, stain)
            for row, image, (one, two), stain in chosen
        ]
        if waiting:
            yield [future.result() for future in waiting]
        waiting = started
    if waiting:
        yield [future.result() for future in waiting]


def _pixels(store: Store, rows: NDArray[np.int64], shown: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    """The pixels of those of the rows that are shown, `_UNSEEN` of the others."""
    seen = rows[np.isin(rows, shown)]
    found = dict(zip(seen.tolist(), store.select(seen), strict=True)) if len(seen) else {}
    return [found.get(row, _UNSEEN) for row in rows.tolist()]


def _cut(rows: NDArray[np.int64], chunk_images: int) -> Iterator[NDArray[np.int64]]:
    """Runs of rows, about a batch each, whose chunks no other run shares."""
    start = 0
    for stop in [*(np.flatnonzero(np.diff(rows // chunk_images)) + 1), len(rows)]:
        if stop - start >= _BATCH or stop == len(rows) > start:
            yield rows[start:stop]
            start = stop
