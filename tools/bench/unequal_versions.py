"""Versions of a store whose fine classes are unequal within their coarse class: training images are left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared import Store
from lsl_shared.labels import LabelSpace
from lsl_trainer.data.split import CALIBRATION, TRAIN

__all__ = ["VERSIONS", "Version", "shares_of", "thinned"]

LEAST = 1 / 8
VERSIONS = ("equal", "geometric", "rare", "dominant", "random", "few")
FEW = ((98, 42), (30, 16))
"""Training images of `few`: siblings together."""


@dataclass(frozen=True)
class Version:
    """A split of a store in which some training images take no part, and how frequent its classes are."""

    part: NDArray[np.int8]
    """(N,): index into PARTS. What is left out counts as calibration, which nothing here looks at."""
    shares: NDArray[np.float64]
    """(K,): how many images stay of each fine class, relative to the most frequent; 0 leaves the class out."""


def shares_of(version: str, siblings: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """The shares of so many siblings, in random order; the largest is 1, the smallest at least 1 / 8."""
    if siblings < 2 or version == "equal":
        return np.ones(siblings)
    places = np.arange(siblings) / (siblings - 1)
    kinds = {
        "geometric": LEAST**places,
        "rare": np.where(places == 0, LEAST, 1.0),
        "dominant": np.where(places == 0, 1.0, LEAST),
        "random": LEAST ** generator.random(siblings),
    }
    shares = generator.permutation(kinds[version])
    return np.asarray(shares / shares.max(), dtype=np.float64)


def thinned(store: Store, fine: LabelSpace, part: NDArray[np.int8], version: str, seed: int) -> Version:
    """A version of a store that is split into `part` int8 (N,), index into PARTS; the seed says which class is rare."""
    generator = np.random.default_rng([seed, 17])
    labels, parents, part = store.labels(fine.name), np.asarray(fine.parent_index), part.copy()
    trained = np.bincount(labels[(part == TRAIN) & (labels >= 0)], minlength=len(fine))
    if version == "few":
        wanted = _few(parents, trained, generator)
        part[~np.isin(labels, np.flatnonzero(wanted))] = CALIBRATION
    else:
        shares = np.ones(len(fine))
        for parent in np.unique(parents):
            shares[parents == parent] = shares_of(version, int((parents == parent).sum()), generator)
        wanted = np.maximum(1, np.rint(trained * shares)).astype(np.int64)
    for label in np.flatnonzero(wanted):
        members = generator.permutation(np.flatnonzero((labels == label) & (part == TRAIN)))
        part[members[wanted[label] :]] = CALIBRATION
    kept = wanted / np.maximum(trained, 1) if version != "few" else wanted.astype(np.float64)
    return Version(part, kept / kept.max())


def _few(parents: NDArray[np.int64], trained: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """How many training images stay of each class: of four, in two of the coarse classes that have two."""
    pairs = np.flatnonzero(np.bincount(parents) == 2)
    wanted = np.zeros(len(parents), dtype=np.int64)
    for parent, counts in zip(generator.permutation(pairs)[:2], generator.permutation(FEW), strict=True):
        wanted[parents == parent] = generator.permutation(counts)
    most = max(1.0, float((wanted / np.maximum(trained, 1)).max()))  # a class may have fewer
    return np.asarray(np.rint(wanted / most), dtype=np.int64)
