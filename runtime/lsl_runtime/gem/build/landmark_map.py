"""The landmark map of a class: the contributions that its embryos have in common, and where they are no chance.

With c_i the contributions of image i to the logit of its class (`lsl_runtime.model.contributions`) and w_i its weight,
so that each gene counts once:

    landmark map = Σ w_i c_i / Σ w_i

Embryos are standardized, so a pixel is the same place in all of them: what is chance in one cancels in the mean. The
map has a sign. Smoothed with its sign, its positive part, squared, is one mask for all images of the class.

Sign-flipping says where the map is no chance. If nothing at a place spoke for the class, a gene's contributions there
would be as likely below 0 as above. So the signs of whole genes are turned at random, and p is the share of the maps
that then reach the true one, cell by cell. Discoveries are held to a false discovery rate after Benjamini and Hochberg,
who allow neighbours to depend on each other positively. Few genes cannot be sure of anything: n of them reach p = 2⁻ⁿ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.bootstrap import area_mean, grid_shape
from lsl_runtime.gem.build.masks import saliency_mask
from lsl_runtime.gem.build.significance import false_discovery

__all__ = ["FLIPS", "LANDMARK_ROWS", "RATE", "ContributionSums", "LandmarkMap", "flipped", "significant_cells"]

LANDMARK_ROWS = 16
"""Rows of the grid on which significance is told."""
FLIPS = 4999
"""How often the signs of all genes are turned at random."""
RATE = 0.05
"""The share of false ones among the cells called significant that is accepted."""

_SEED = 0
_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class LandmarkMap:
    """The mean contributions of a class."""

    mean: NDArray[np.float32]
    """(H, W): above 0 what speaks for the class, below 0 what speaks against it, in units of the logit."""
    p: NDArray[np.float32]
    """(h, w), on cells of 8 × 8 pixels at 128 × 320: how likely chance alone speaks as much for the class, 0..1; NaN
    outside the embryo."""

    @property
    def significant(self) -> NDArray[np.bool_]:
        """(h, w): the cells that speak for the class at a false discovery rate of 5 %."""
        return significant_cells(self.p)

    def mask(self, embryo: NDArray[np.floating]) -> NDArray[np.float32]:
        """What speaks for the class as a mask for all its images.

        Args:
            embryo: float (H, W) in 0..1, the mean embryo of the class.

        Returns:
            float32 (H, W) in 0..1. The map is smoothed (σ = 4 px) and scaled as masks of single images are, then
            squared, which leaves what speaks loudest; what speaks against the class is 0.

        Example:
            >>> from lsl_runtime import build_gem
            >>> gem = build_gem("store.h5", "9", landmark_map=True)
            >>> mask = gem.landmark_map.mask(gem.embryo)
            >>> mask.shape, float(mask.max())
            ((16, 40), 1.0)
        """
        return saliency_mask(self.mean, embryo >= 0.5) ** 2


class ContributionSums:
    """Weighted sums of contributions: `total` float64 (H, W), and a plane (h, w) of each gene on the grid."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.total = np.zeros(shape)
        self.genes: dict[str, NDArray[np.float32]] = {}
        self._grid = grid_shape(shape, LANDMARK_ROWS)

    def add(self, group: str, contributions: NDArray[np.float32], weight: float) -> None:
        """Adds the contributions float32 (H, W) of one image of a gene."""
        self.total += weight * contributions
        self._add(group, np.float32(weight) * area_mean(contributions, self._grid))

    def __iadd__(self, other: ContributionSums) -> Self:
        """Adds the sums over other images."""
        self.total += other.total
        for group, plane in other.genes.items():
            self._add(group, plane)
        return self

    def landmark_map(self, weight: float, embryo: NDArray[np.floating]) -> LandmarkMap:
        """The map; `weight` is the sum of all weights, `embryo` (H, W) in 0..1 the mean embryo."""
        return LandmarkMap((self.total / weight).astype(np.float32), self.p(embryo))

    def p(self, embryo: NDArray[np.floating], sign: int = 1) -> NDArray[np.float32]:
        """How likely chance alone speaks as much for the class, (h, w); with `sign` -1, as much against it."""
        p, inside = np.full(self._grid, np.nan, np.float32), area_mean(embryo, self._grid) >= 0.5
        planes = np.stack([self.genes[group] for group in sorted(self.genes)])  # (G, h, w)
        p[inside] = flipped(sign * planes[:, inside])
        return p

    def _add(self, group: str, plane: NDArray[np.float32]) -> None:
        self.genes[group] = self.genes[group] + plane if group in self.genes else plane


def flipped(planes: NDArray[np.floating], flips: int = FLIPS) -> NDArray[np.float64]:
    """One-sided p of the sum over genes, planes (G, m) → (m,), in 1 / (flips + 1) … 1, by turning genes' signs."""
    generator = np.random.default_rng(_SEED)
    sums = planes.astype(np.float64)
    found, reached = sums.sum(0), np.ones(planes.shape[1])
    least = found - 1e-9 * np.abs(sums).sum(0)  # the same sum in another order is as large
    for start in range(0, flips, _AT_ONCE):
        signs = generator.integers(0, 2, (min(_AT_ONCE, flips - start), len(planes))) * 2.0 - 1
        reached += (signs @ sums >= least).sum(0)
    return np.asarray(reached / (flips + 1))


def significant_cells(p: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which cells (h, w) are discoveries at the rate; p is NaN outside the embryo, where none is."""
    inside, found = ~np.isnan(p), np.zeros(p.shape, bool)
    found[inside] = false_discovery(p[inside], RATE)
    return found
