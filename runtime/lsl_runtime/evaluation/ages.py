"""How near the ages of images come to the truth, or to the middle of the labelled class where no truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.store import Store
from lsl_shared.files.store_extras import TIME
from lsl_shared.timetable import Timetable

__all__ = ["AgeScores", "score_ages"]

_ENOUGH = 5
"""Images of a class, at least, for a rank correlation within it."""


@dataclass(frozen=True)
class AgeScores:
    """The ages of images with a known class, in `unit`."""

    against: str
    """`truth`, the time of drawn images; `middles`, of the labelled classes."""
    unit: str
    n_images: int
    error: float
    """Mean absolute error."""
    middle_error: float
    """That of the middle of the class given."""
    rank_correlation: float | None
    """Spearman's, over all images; None where all are of one age."""
    within: float | None
    """The same within a class, mean over classes by their images; None where nothing is known of it."""
    covered: float | None
    """Share of the images whose interval holds the true time, or part of the labelled class; None without intervals."""


def score_ages(
    store: Store,
    table: Timetable,
    places: NDArray[np.floating],
    given: NDArray[np.integer],
    labels: NDArray[np.integer],
    rows: NDArray[np.int64],
) -> AgeScores | None:
    """Scores images at `rows`: their `places` (N, 3) and the classes `given` (N,), against the truth or `labels` (N,).

    None where nothing is known of any image.
    """
    truth = _true_places(store, table) if store.has_truth(TIME) else None
    known = labels >= 0 if truth is None else ~np.isnan(truth)
    chosen = rows[known[rows] & ~np.isnan(places[rows, 1])]
    if not len(chosen):
        return None
    true = labels[chosen] + 0.5 if truth is None else truth[chosen]
    low, found, high = table.ages(places[chosen]).T
    right, middle = table.ages(true), table.ages(given[chosen] + 0.5)
    ends = true if truth is not None else labels[chosen].astype(float)
    begin, end = table.ages(ends), table.ages(ends if truth is not None else labels[chosen] + 1 - 1e-9)
    return AgeScores(
        against="middles" if truth is None else "truth",
        unit=table.unit,
        n_images=len(chosen),
        error=float(np.abs(found - right).mean()),
        middle_error=float(np.abs(middle - right).mean()),
        rank_correlation=_rank(found, right),
        within=None if truth is None else _within(found, right, true.astype(int)),
        covered=None if np.isnan(low).any() else float(((low <= end) & (begin <= high)).mean()),
    )


def _true_places(store: Store, table: Timetable) -> NDArray[np.float64]:
    """The places of drawn images among the classes, (N,); NaN in classes that the model does not know."""
    time = store.truth(TIME).astype(float)
    stage = np.minimum(np.floor(time), max((int(name) for name in table.classes if name.isdecimal()), default=0))
    index = {float(name): place for place, name in enumerate(table.classes) if name.isdecimal()}
    begin = np.array([index.get(one, np.nan) for one in stage.tolist()])
    return np.asarray(begin + np.minimum(time - stage, 1 - 1e-6))


def _within(found: NDArray[np.floating], right: NDArray[np.floating], of: NDArray[np.integer]) -> float | None:
    inside = [
        (rank, (of == k).sum()) for k in np.unique(of) if (rank := _rank(found[of == k], right[of == k])) is not None
    ]
    if not inside:
        return None
    ranks, images = zip(*inside, strict=True)
    return float(np.average(ranks, weights=images))


def _rank(one: NDArray[np.floating], other: NDArray[np.floating]) -> float | None:
    """Spearman's correlation, ties sharing their ranks; None for few images, or where all are alike."""
    if len(one) < _ENOUGH or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    ranks = [_ranks(values) for values in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])
