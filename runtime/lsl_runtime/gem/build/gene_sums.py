"""What each gene shows in a class, gathered in the pass that builds its map: mean, number of images, peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.bootstrap import area_mean, grid_shape
from lsl_runtime.gem.build.egg_coordinates import EggBox

__all__ = ["GENE_ROWS", "GeneExpression", "GeneSums"]

GENE_ROWS = 8
"""Rows of the grid on which the peak of a gene is looked for."""

_ALONG, _ACROSS = ("anterior", "middle", "posterior"), ("dorsal", "central", "ventral")
_THIRDS = (100 / 3, 200 / 3)


@dataclass(frozen=True)
class GeneExpression:
    """A gene over the images of a class or term."""

    gene: str
    n_images: int
    mean: float
    """Stain density inside the embryo, 0..1, mean over its images."""
    peak: float
    """The highest density of its mean map, 0..1, on a grid of 8 rows."""
    peak_egg_length: float
    """Where the peak lies: percent from anterior 0 to posterior 100, the middle of the cell."""
    peak_dorsoventral: float
    """Percent from dorsal 0 to ventral 100."""

    @property
    def region(self) -> str:
        """The ninth of the egg that holds the peak, as anterior-dorsal; '' where there is no stain."""
        if not self.peak > 0:
            return ""
        along, across = (int(np.searchsorted(_THIRDS, at)) for at in (self.peak_egg_length, self.peak_dorsoventral))
        return f"{_ALONG[along]}-{_ACROSS[across]}"


class GeneSums:
    """Sums of each gene over its images; images without a gene are left out. Memory grows with the genes alone."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.count: dict[str, int] = {}
        self.mean: dict[str, float] = {}
        self.plane: dict[str, NDArray[np.float32]] = {}

    def add(self, group: str, density: NDArray[np.float32], embryo: NDArray[np.bool_]) -> None:
        """Adds one image: `density` float32 (H, W), `embryo` bool (H, W)."""
        if not group.startswith("\0"):
            mean = float(density[embryo].mean()) if embryo.any() else 0.0
            self._add(group, 1, mean, area_mean(density, grid_shape(self.shape, GENE_ROWS)))

    def __add__(self, other: GeneSums) -> GeneSums:
        both = GeneSums(self.shape)
        for part in (self, other):
            for gene, count in part.count.items():
                both._add(gene, count, part.mean[gene], part.plane[gene])
        return both

    def genes(self, embryo: NDArray[np.floating]) -> tuple[GeneExpression, ...]:
        """The genes by name. `embryo` (H, W) in 0..1 is the mean embryo of all images."""
        return tuple(self._gene(gene, EggBox(embryo)) for gene in sorted(self.count))

    def _add(self, gene: str, count: int, mean: float, plane: NDArray[np.float32]) -> None:
        self.count[gene] = self.count.get(gene, 0) + count
        self.mean[gene] = self.mean.get(gene, 0.0) + mean
        self.plane[gene] = self.plane[gene] + plane if gene in self.plane else plane

    def _gene(self, gene: str, box: EggBox) -> GeneExpression:
        plane, count = self.plane[gene], self.count[gene]
        row, column = divmod(int(plane.argmax()), plane.shape[1])
        y, x = (row + 0.5) * self.shape[0] / plane.shape[0], (column + 0.5) * self.shape[1] / plane.shape[1]
        length, height = (float(np.clip(at, 0, 100)) for at in (box.length(x), box.height(y)))
        return GeneExpression(gene, count, self.mean[gene] / count, float(plane.max()) / count, length, height)
