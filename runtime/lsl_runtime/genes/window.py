"""From when to when a gene is expressed, with intervals: a window in time, of which each image says something.

An image has an amount of stain and a distribution over time. Inside the window amounts are drawn from one normal
distribution, outside from another; both are unknown, under priors that say what stain and no stain look like (normal
and inverse gamma, so that the likelihood of a set of images has a closed form). Times are drawn many times from the
images' distributions. For each draw every window between two images is weighed, and onset and end lie anywhere in their
gaps. So an interval holds what is not known of the images' times, of the stain, and of the gaps between images.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["INTERVAL", "Window", "window"]

INTERVAL = (0.05, 0.95)
"""Between these shares of the posterior an interval lies."""

_FAINT = 0.02  # added to amounts before the logarithm: below it stain and noise are alike
_DRAWS, _LEAST_DRAWS, _LARGEST = 200, 25, 2_000_000
_ALWAYS = 0.5  # prior: expressed before the first class already; to the end of the last one
_NEVER = 0.2  # prior: not expressed at all


@dataclass(frozen=True)
class _Prior:
    """Normal and inverse gamma: log amounts about `mean`, which counts as `weight` images; spread about `spread`."""

    mean: float
    weight: float
    spread: float
    shape: float


_OFF, _ON = _Prior(-3.4, 0.5, 0.35, 1.5), _Prior(-1.0, 0.3, 0.4, 1.5)


@dataclass(frozen=True)
class Window:
    """From when to when a gene is expressed; places among the classes, 0 the begin of the first, K the end of the last.

    `onset` and `end` are low end, median and high end; an onset at 0 is one before the first class, an end at K one
    after the last.
    """

    onset: tuple[float, float, float]
    end: tuple[float, float, float]
    expressed: float
    """How likely it is expressed in any class, 0..1."""
    starts: float
    """How likely its onset lies within the classes, if it is expressed, 0..1."""
    ends: float
    """How likely its end lies within the classes, if it is expressed, 0..1."""


def window(name: str, amount: NDArray[np.floating], density: NDArray[np.floating], classes: int) -> Window:
    """The window of a gene `name` from its images.

    `amount` (n,), 0..1, stain where it is strongest; `density` (n, cells), each image's distribution over the time of
    all `classes`. The same name gives the same random draws.
    """
    generator = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode(errors="replace")).digest()[:8]))
    draws = int(np.clip(_LARGEST // (len(amount) + 1) ** 2, _LEAST_DRAWS, _DRAWS))
    times = _drawn(density, draws, generator) * classes
    order = np.argsort(times, axis=1)
    times = np.take_along_axis(times, order, 1)
    log_amount = np.log(np.asarray(amount, np.float64) + _FAINT)
    first, last, never = _weights(log_amount[order], times, float(classes))
    borders = np.concatenate([np.zeros((draws, 1)), times, np.full((draws, 1), float(classes))], 1)  # (D, n + 2)
    return Window(
        onset=_quantiles(borders, first[:, 1:], first[:, 0].sum(), 0.0),
        end=_quantiles(borders, last[:, :-1], last[:, -1].sum(), float(classes)),
        expressed=float(1 - never),
        starts=float(first[:, 1:].sum() / first.sum()),
        ends=float(last[:, :-1].sum() / last.sum()),
    )


def _drawn(density: NDArray[np.floating], draws: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Times drawn from distributions (n, cells), as shares of the whole span, float64 (draws, n)."""
    total = np.cumsum(density, axis=1, dtype=np.float64)
    total /= total[:, -1:]
    cells = density.shape[1]
    edges, borders = np.arange(cells + 1) / cells, np.pad(total, ((0, 0), (1, 0)))
    uniform = generator.random((draws, len(density)))
    return np.stack([np.interp(uniform[:, k], borders[k], edges) for k in range(len(density))], 1)


def _weights(
    values: NDArray[np.float64], times: NDArray[np.float64], classes: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """How likely it is that the window begins in each gap, and that it ends there; and that there is none.

    `values`, `times` (D, n) in order of time. Begins are (D, n + 2): before the first class, then each of n + 1 gaps;
    ends likewise, the last of them after the last class. They sum to 1 with `never`.
    """
    draws, count = values.shape
    evidence = _evidence(values)  # (D, n + 1, n + 1): of images i to j inside, the others outside
    gaps = np.diff(np.pad(times, ((0, 0), (1, 1)), constant_values=((0, 0), (0, classes))), axis=1) / classes
    begin = np.concatenate([np.full((draws, 1), _ALWAYS), (1 - _ALWAYS) * gaps], 1)  # (D, n + 2)
    end = np.concatenate([(1 - _ALWAYS) * gaps, np.full((draws, 1), _ALWAYS)], 1)
    inside_from, inside_to = np.r_[0, np.arange(count + 1)], np.r_[np.arange(count + 1), count]
    joint = evidence[:, inside_from][:, :, inside_to]  # (D, n + 2, n + 2)
    later = np.arange(count + 2)[None, :] >= np.arange(count + 2)[:, None] - 1  # the end is no earlier than the begin
    with np.errstate(divide="ignore"):
        joint = joint + np.log(begin)[:, :, None] + np.log(end)[:, None, :] + np.where(later, 0.0, -np.inf)
        nothing = evidence[:, 0, 0] + math.log(_NEVER / (1 - _NEVER))
    top = np.maximum(joint.max((1, 2)), nothing)
    joint, nothing = np.exp(joint - top[:, None, None]), np.exp(nothing - top)
    total = (joint.sum((1, 2)) + nothing) * draws
    joint /= total[:, None, None]
    return joint.sum(2), joint.sum(1), float((nothing / total).sum())


def _evidence(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log likelihood (D, n + 1, n + 1) of values (D, n) where those from i to j are stained and the others are not."""
    count = values.shape[1]
    first, last = np.triu_indices(count + 1)  # (P,): of all windows
    sums, squares = (np.pad(np.cumsum(part, 1), ((0, 0), (1, 0))) for part in (values, values * values))
    size = last - first  # how many are inside
    total, square = (part[:, last] - part[:, first] for part in (sums, squares))  # of those inside, (D, P)
    outside = sums[:, -1:] - total, squares[:, -1:] - square
    found = np.full((len(values), count + 1, count + 1), -np.inf)
    found[:, first, last] = _marginal(size, total, square, _ON) + _marginal(count - size, *outside, _OFF)
    return found


def _marginal(
    size: NDArray[np.integer], total: NDArray[np.float64], squares: NDArray[np.float64], prior: _Prior
) -> NDArray[np.float64]:
    """Log likelihood of `size` values with that sum and sum of squares, mean and spread integrated out."""
    weight, shape = prior.weight + size, prior.shape + size / 2
    rate = prior.shape * prior.spread**2
    mean = (prior.weight * prior.mean + total) / weight
    after = rate + np.maximum(squares + prior.weight * prior.mean**2 - weight * mean**2, 0) / 2
    gammas = np.array([math.lgamma(prior.shape + k / 2) for k in range(int(size.max()) + 1)])
    constant = gammas[size] - gammas[0] + 0.5 * np.log(prior.weight / weight) - size / 2 * math.log(2 * math.pi)
    return np.asarray(constant + prior.shape * math.log(rate) - shape * np.log(after))


def _quantiles(
    borders: NDArray[np.float64], mass: NDArray[np.float64], outside: float, at: float
) -> tuple[float, float, float]:
    """Low end, median and high end of a place: it lies in the gaps between `borders` (D, n + 2) with `mass` (D, n + 1),
    and with the mass `outside` at the end `at` of the span."""
    grid = np.linspace(0, borders[0, -1], 1001)
    below = np.zeros(len(grid))
    for edges, part in zip(borders, mass, strict=True):
        below += np.interp(grid, edges, np.r_[0, np.cumsum(part)])
    below += outside * (at == 0)
    below /= mass.sum() + outside
    reached = (int(np.searchsorted(below, share)) for share in (INTERVAL[0], 0.5, INTERVAL[1]))
    low, middle, high = (float(grid[min(place, len(grid) - 1)]) for place in reached)
    return low, middle, high
