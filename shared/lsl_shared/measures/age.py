"""Places of images among classes in order: a distribution, its median, and an interval that keeps its promise.

A place is a number 0..K: 2.5 is half through the third of K classes. A density lies on `CELLS` cells a class.

The interval of an image is cut off its distribution F at equal tails, |2 F(t) − 1| ≤ threshold. One that reaches into
the first or the last class reaches its end: nothing lies beyond that could tell how far it goes. The threshold is
conformal by gene, as that of prediction sets, from scores that are known in part: a label says only between which
places the true one lies. Where inside, the distribution says, once it is made as narrow or as wide as labels show it
to be: scores s = |2 F − 1| then have the density a (1 − s)^(a − 1), and a is the likeliest one. The line between two
classes is drawn a little differently each time, so cells on both sides of it count in part.
"""

from __future__ import annotations

from math import erf

import numpy as np
from numpy.typing import NDArray

from lsl_shared.measures.conformal import MIN_GROUPS
from lsl_shared.measures.coverage import COVERAGE, LINE_SPREAD

__all__ = ["AGE_DENSITY", "CELLS", "age_threshold", "density_of", "hull", "positions_of", "quantile"]

CELLS = 4
"""Cells of a density in each class."""
AGE_DENSITY = "age_density"
"""The output of a graph that gives the density over time of the first task, (batch, K · CELLS)."""
_LEAST = 1e-12
_ROWS = 4096
_CENTRAL = 1e-4
_POWERS = np.geomspace(0.3, 8, 40)
"""Of the density of scores: below 1 distributions are too narrow, above 1 too wide."""


def density_of(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Densities over time, float64 (N, K · CELLS), from the probabilities of K classes in order (N, K).

    A class keeps its probability. Inside it the logarithm of the density is the line from the middle of one class to
    that of the next, so an image that might be in the class before lies early in its own. It is flat towards both ends.
    """
    inside = (np.arange(CELLS) + 0.5) / CELLS - 0.5  # (CELLS,): places before and after the middle
    scores = np.log(np.asarray(probabilities, dtype=np.float64) + _LEAST)
    steps, level = np.diff(scores, axis=1), np.zeros((len(scores), 1))  # (N, K − 1)
    before, after = np.concatenate([level, steps], 1), np.concatenate([steps, level], 1)  # (N, K)
    slopes = np.where(inside < 0, before[:, :, None], after[:, :, None]) * inside  # (N, K, CELLS)
    shares = np.exp(slopes - slopes.max(2, keepdims=True))
    shares *= (probabilities / shares.sum(2))[:, :, None]
    return np.asarray(shares.reshape(len(scores), scores.shape[1] * CELLS))


def quantile(density: NDArray[np.floating], share: float) -> NDArray[np.float64]:
    """The places (N,) below which `share` of each density (N, K · CELLS) lies, 0..K."""
    return _quantile(density, np.cumsum(density, axis=1, dtype=np.float64), share)


def _quantile(density: NDArray[np.floating], total: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    wanted = share * total[:, -1]
    cell = np.minimum((total < wanted[:, None]).sum(1), density.shape[1] - 1)
    rows = np.arange(len(density))
    inside = np.maximum(density[rows, cell], _LEAST)
    into = np.clip((wanted - (total[rows, cell] - density[rows, cell])) / inside, 0, 1)
    return np.asarray((cell + into) / CELLS)


def positions_of(density: NDArray[np.floating], threshold: float | None) -> NDArray[np.float32]:
    """Low end, median and high end of each image's place, float32 (N, 3); the ends are NaN without a `threshold`."""
    found = np.full((len(density), 3), np.nan, np.float32)
    for start in range(0, len(density), _ROWS):
        rows = slice(start, start + _ROWS)
        known = ~np.isnan(density[rows]).any(1)
        part = density[rows] if known.all() else density[rows][known]
        total = np.cumsum(part, axis=1, dtype=np.float64)
        ends = (np.nan, np.nan) if threshold is None else ((1 - threshold) / 2, (1 + threshold) / 2)
        columns = [_quantile(part, total, share) if share == share else np.nan for share in (ends[0], 0.5, ends[1])]
        for place, column in enumerate(columns):
            found[rows][known, place] = column
    count = density.shape[1] // CELLS
    found[found[:, 0] < 1, 0], found[found[:, 2] > count - 1, 2] = 0, count
    return found


def hull(sets: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Where the first class of each set begins, and the last one ends, float32 (N, 2); NaN for empty sets."""
    count = sets.shape[1]
    ends = np.stack([sets.argmax(1), count - sets[:, ::-1].argmax(1)], 1).astype(np.float32)
    ends[~sets.any(1)] = np.nan
    return ends


def age_threshold(
    density: NDArray[np.floating],
    labels: NDArray[np.integer],
    groups: NDArray[np.integer],
    coverage: float = COVERAGE,
    line_spread: float = LINE_SPREAD,
    frequency: NDArray[np.floating] | None = None,
    *,
    crossed: bool = False,
) -> float | None:
    """The threshold of intervals that hold the true place with at least `coverage`; None under MIN_GROUPS genes.

    `density` (N, K · CELLS) of images that the model did not learn from, `labels` int (N,) their classes, `groups` int
    (N,) the gene of each. Each gene counts once. `line_spread` is how differently labels draw the line between two
    classes, a standard deviation in classes. `frequency` (K,) is how often images are of each class, where labels were
    given to other shares. `crossed`: models of folds gave the densities, each of which learnt from less than the last
    one, so no gene is counted on top.
    """
    genes, gene, images = np.unique(groups, return_inverse=True, return_counts=True)
    if len(genes) < MIN_GROUPS:
        return None
    shares = _as_frequent(labels, frequency) / images[gene]
    shares *= len(genes) / shares.sum()
    inside = _inside(density.shape[1] // CELLS, line_spread)[labels] * (density + _LEAST)
    inside *= _likeliest(density, inside, shares)
    weights = inside / inside.sum(1, keepdims=True) * shares[:, None] / (len(genes) + (not crossed))
    scores = _scores(density).ravel()
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights.ravel()[order])
    place = int(np.searchsorted(reached, coverage - _LEAST))
    return float(scores[order[place]]) if place < len(order) else 1.0


def _as_frequent(labels: NDArray[np.integer], frequency: NDArray[np.floating] | None) -> NDArray[np.float64]:
    """How often each image (N,) counts so that classes count as often as images are of them."""
    if frequency is None:
        return np.ones(len(labels))
    return np.asarray((frequency / np.maximum(np.bincount(labels, minlength=len(frequency)), 1))[labels])


def _likeliest(
    density: NDArray[np.floating], inside: NDArray[np.floating], weights: NDArray[np.floating]
) -> NDArray[np.float64]:
    """What each cell (N, K · CELLS) is to be multiplied with so that labels are likeliest; `inside` what they leave."""
    central = 1 - np.abs(2 * (np.cumsum(density, axis=1, dtype=np.float64) - density / 2) - 1)

    def factors(power: float) -> NDArray[np.float64]:
        return np.asarray(power * np.maximum(central, _CENTRAL) ** (power - 1))

    def likelihood(power: float) -> float:
        found = factors(power)
        return float(weights @ np.log((inside * found).sum(1) / (density * found).sum(1) + _LEAST))

    return factors(max(_POWERS, key=likelihood))


def _scores(density: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far out each cell lies in its distribution, (N, K · CELLS) in 0..1; a whole end class as its inner border."""
    total = np.cumsum(density, axis=1, dtype=np.float64)
    scores = np.abs(2 * (total - density / 2) - 1)
    first, last = 1 - 2 * total[:, CELLS - 1 : CELLS], 2 * total[:, -CELLS - 1 : -CELLS] - 1
    scores[:, :CELLS] = np.minimum(scores[:, :CELLS], np.maximum(first, 0))
    scores[:, -CELLS:] = np.minimum(scores[:, -CELLS:], np.maximum(last, 0))
    return scores


def _inside(classes: int, line_spread: float) -> NDArray[np.float64]:
    """How much each cell counts for a label, (K, K · CELLS): how often an expert would give that label there."""
    lines = np.arange(classes + 1)[:, None] - (np.arange(classes * CELLS) + 0.5) / CELLS  # (K + 1, K · CELLS)
    below = np.array([[(1 + erf(one / max(line_spread * 2**0.5, _LEAST))) / 2 for one in line] for line in lines])
    below[0], below[-1] = 0, 1
    return np.asarray(np.diff(below, axis=0))
