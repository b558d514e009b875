"""A choice of images that stands for all of them: every image should have a chosen one of its coarse class close by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.annotations import Annotations

__all__ = ["spread_choice", "unit_features"]

_MOST = 3000
"""So many images of a coarse class are compared with one another; of more, a random part is."""
_AXES = 512
_BLOCK = 1024


def spread_choice(
    n: int,
    features: NDArray[np.float32],
    weights: NDArray[np.float64],
    coarse: NDArray[np.integer],
    groups: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The places of up to `n` images to label, int64, the most useful first.

    The first len(`weights`) rows of `features` (m, D), of length 1, `coarse` (m,) and `groups` (m,) are images that may
    be chosen, the rest are labelled already. Facility location, greedily: with s the cosine similarity within a coarse
    class, from 0, each choice adds the most to Σ_i w_i max_{j chosen or labelled} s_ij, divided by one more than the
    images of its group (gene) that are chosen already.
    """
    classes = [_Class(place, features, weights, coarse, groups) for place in np.unique(coarse[: len(weights)]).tolist()]
    taken: dict[int, int] = {}
    chosen: list[int] = []
    best = [one.best(taken) for one in classes]
    while len(chosen) < n and max(best)[0] >= 0:
        k = max(range(len(classes)), key=lambda k: best[k][0])
        place, group = classes[k].take(best[k][1])
        taken[group] = taken.get(group, 0) + 1
        chosen.append(place)
        best = [one.best(taken) if j == k or group in one.groups else best[j] for j, one in enumerate(classes)]
    return np.array(chosen, dtype=np.int64)


def unit_features(given: Annotations, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The features of the images at `rows`, float32 (n, D'), of length 1; many are brought to 512 random directions.

    Random projections keep angles (Johnson and Lindenstrauss 1984), and a genome's worth of features fits in memory.
    """
    dimensions = given.features(0, 1).shape[1]
    axes = np.random.default_rng(0).standard_normal((dimensions, _AXES), np.float32) if dimensions > _AXES else None
    found = np.empty((len(given), _AXES if axes is not None else dimensions), np.float32)
    for start in range(0, len(given), _BLOCK):
        block = given.features(start, start + _BLOCK)
        found[start : start + _BLOCK] = block if axes is None else block @ axes
    found = found[rows]
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12), np.float32)


class _Class:
    """The images of a coarse class that may be chosen, and how well each is covered."""

    def __init__(
        self,
        coarse: int,
        features: NDArray[np.float32],
        weights: NDArray[np.float64],
        labels: NDArray[np.integer],
        groups: NDArray[np.int64],
    ) -> None:
        members = np.flatnonzero(labels == coarse)
        self._places, known = members[members < len(weights)], members[members >= len(weights)]
        if len(self._places) > _MOST:
            self._places = np.sort(np.random.default_rng(0).choice(self._places, _MOST, replace=False))
        here = features[self._places]
        self._similarity = np.maximum(here @ here.T, 0)  # (n, n)
        self._weights, self._groups = weights[self._places].astype(np.float32), groups[self._places]
        self.groups = set(self._groups.tolist())
        self._covered = np.zeros(len(self._places), np.float32)
        for start in range(0, len(known), _BLOCK):
            near = (here @ features[known[start : start + _BLOCK]].T).max(1)
            self._covered = np.maximum(self._covered, near)
        self._free = np.ones(len(self._places), bool)
        self._gains = self._all_gains()

    def best(self, taken: dict[int, int]) -> tuple[float, int]:
        """The largest gain and whose it is; −1 where nothing is left."""
        crowd = np.array([1 + taken.get(group, 0) for group in self._groups.tolist()])
        gains = np.where(self._free, self._gains / crowd, -1)
        place = int(gains.argmax())
        return float(gains[place]), place

    def take(self, place: int) -> tuple[int, int]:
        """Chooses an image: its place among all, and its group."""
        self._free[place] = False
        self._covered = np.maximum(self._covered, self._similarity[place])
        self._gains = self._all_gains()
        return int(self._places[place]), int(self._groups[place])

    def _all_gains(self) -> NDArray[np.float32]:
        """What each image would add, (n,)."""
        gains = np.empty(len(self._places), np.float32)
        for start in range(0, len(gains), _BLOCK):
            more = np.maximum(self._similarity[start : start + _BLOCK] - self._covered, 0)
            gains[start : start + _BLOCK] = more @ self._weights
        return gains
