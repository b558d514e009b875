"""Bootstrap over genes: images of one gene look alike, so genes, not images, are drawn anew."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["BAND", "Interval", "gene_draws", "interval", "mean_replicates", "row_draws"]

BAND = (2.5, 97.5)
"""Percentiles of the replicates between which an interval lies."""

Interval = tuple[float, float]

_CHUNK = 500


def gene_draws(n_genes: int, replicates: int, generator: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """How often each gene is drawn, float64 (b, n_genes), in chunks of b replicates: n_genes draws with replacement."""
    for start in range(0, replicates, _CHUNK):
        count = min(_CHUNK, replicates - start)
        yield generator.multinomial(n_genes, np.full(n_genes, 1 / n_genes), size=count).astype(np.float64)


def mean_replicates(
    values: NDArray[np.floating], groups: NDArray[np.integer], generator: np.random.Generator, replicates: int = 2000
) -> NDArray[np.float64]:
    """The mean over images in each replicate, (replicates, M), from `values` (N, M) and the gene of each image (N,)."""
    place = np.unique(groups, return_inverse=True)[1]
    sums = np.zeros((place.max() + 1, values.shape[1]))
    np.add.at(sums, place, values)  # (G, M)
    sizes = np.bincount(place)
    means = [(drawn @ sums) / (drawn @ sizes)[:, None] for drawn in gene_draws(len(sizes), replicates, generator)]
    return np.concatenate(means)


def row_draws(
    groups: NDArray[np.integer], replicates: int, generator: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """The images of each replicate, int64 (n,), n about N: all images of each gene, as often as the gene was drawn."""
    place = np.unique(groups, return_inverse=True)[1]
    for drawn in gene_draws(place.max() + 1, replicates, generator):
        for counts in drawn.astype(np.int64):
            yield np.repeat(np.arange(len(groups)), counts[place])


def interval(replicates: NDArray[np.floating]) -> Interval:
    """The 2.5th and 97.5th percentile of one figure's replicates (B,)."""
    low, high = np.percentile(replicates, BAND)
    return float(low), float(high)
