"""The running sums behind genomewide expression maps.

Sums over parts of a store add up to those of the whole, so that threads and workers may share a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.bootstrap import BAND_ROWS, Replicates, gene_counts, grid_shape
from lsl_runtime.gem.build.gene_sums import GeneSums
from lsl_runtime.gem.build.landmark_map import ContributionSums
from lsl_runtime.gem.build.measured import Measured
from lsl_runtime.gem.build.selection import Choice
from lsl_shared.files.partitions import partitions
from lsl_shared.files.store import Store
from lsl_shared.process.scratch import scratch

__all__ = ["Sums", "add_up", "pieces"]

_PIECES = 64


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
        counts = gene_counts(image.group)
        self.replicates.add(image.cells, weight, counts)
        if image.masked is not None and image.masked_cells is not None:
            _accumulate(self.masked, image.masked, weight)
            self.masked_replicates.add(image.masked_cells, weight, counts)
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
