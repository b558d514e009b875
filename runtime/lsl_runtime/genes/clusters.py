"""Clusters of genes with like maps: k-means on their patterns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.genes.alike import Patterns
from lsl_shared.errors import ConfigError

__all__ = ["Clusters", "cluster"]

_TRIES, _STEPS, _STEP = 5, 50, 1e-4


class Clusters:
    """Genes in K clusters, the largest first.

    `of` int (G,) is the cluster of each gene, from 0; `closeness` float (G,) how like it is to its cluster's mean.
    """

    def __init__(self, of: NDArray[np.int64], closeness: NDArray[np.float64]) -> None:
        self.of, self.closeness = of, closeness

    def members(self, cluster: int) -> NDArray[np.int64]:
        """The places of a cluster's genes, the most typical first."""
        inside = np.flatnonzero(self.of == cluster)
        return inside[np.argsort(-self.closeness[inside], kind="stable")]


def cluster(patterns: Patterns, count: int) -> Clusters:
    """`count` clusters of the genes. Raises ConfigError where there are fewer genes."""
    import cv2

    vectors = patterns.vectors()
    if not 2 <= count <= len(vectors):
        raise ConfigError(f"--clusters must be 2 to the number of genes, {len(vectors)}; received {count}")
    cv2.setRNGSeed(0)
    rule = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, _STEPS, _STEP)
    start = np.zeros((len(vectors), 1), np.int32)
    _, labels, centres = cv2.kmeans(vectors, count, start, rule, _TRIES, cv2.KMEANS_PP_CENTERS)
    labels = labels.ravel().astype(np.int64)
    order = np.argsort(-np.bincount(labels, minlength=count), kind="stable")
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    lengths = np.maximum(np.linalg.norm(centres, axis=1), 1e-6)
    closeness = (vectors * centres[labels]).sum(1) / lengths[labels]
    return Clusters(rank[labels], closeness.astype(np.float64))
