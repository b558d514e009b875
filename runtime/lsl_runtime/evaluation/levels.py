"""How often answers at the level that is sure are right, over genes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask
from lsl_shared.files.manifest import Task
from lsl_shared.measures.sure import NO_ANSWER, SureAnswers, level_names, sure_answers

__all__ = ["LevelScore", "score_levels"]

_DRAWS, _INSIDE = 1000, (2.5, 97.5)


@dataclass(frozen=True)
class LevelScore:
    """The images whose answer is sure at one level. Shares are 0..1."""

    name: str
    """A task; `list`, where a few classes are left; `none`."""
    n_images: int
    right: float | None
    """Share of these whose right class the answer holds; None where nothing is answered."""
    low: float | None
    high: float | None
    """95 % interval of `right`, a bootstrap over genes."""


def score_levels(
    task: Task,
    sets: NDArray[np.bool_],
    truth: NDArray[np.integer],
    groups: NDArray[np.integer],
    allowed: NDArray[np.bool_] | None,
    coarse: Sequence[CoarseTask],
) -> tuple[LevelScore, ...]:
    """Scores the levels of N images, finest first: prediction `sets` bool (N, K), `truth` and genes int (N,).

    `allowed` bool (N, K) is what known labels leave. () where the model promises nothing.
    """
    if task.conformal_threshold is None:
        return ()
    found = sure_answers(sets, coarse, allowed)
    right = _right(found, truth, coarse)
    names = level_names(task.name, coarse)
    order = [*range(2, len(names)), 1, 0]
    return tuple(_score(name, found.level == level, right, groups) for level in order for name in [names[level]])


def _right(found: SureAnswers, truth: NDArray[np.integer], coarse: Sequence[CoarseTask]) -> NDArray[np.bool_]:
    """Whether each answer (N,) holds the right class."""
    fine = found.sets.shape[1]
    holds = np.concatenate([np.eye(fine, dtype=np.bool_), *(one.matrix(fine) for one in coarse)])
    named = holds[found.answer, truth] & (found.answer >= 0)
    return np.asarray(named | ((found.answer < 0) & found.sets[np.arange(len(truth)), truth]))


def _score(name: str, inside: NDArray[np.bool_], right: NDArray[np.bool_], groups: NDArray[np.integer]) -> LevelScore:
    count = int(inside.sum())
    if not count or name == NO_ANSWER:
        return LevelScore(name, count, None, None, None)
    low, high = _interval(right[inside], groups[inside])
    return LevelScore(name, count, float(right[inside].mean()), low, high)


def _interval(right: NDArray[np.bool_], groups: NDArray[np.integer]) -> tuple[float, float]:
    """Draw by draw: all draws at once would take as much memory as a thousand columns of the store."""
    genes, gene = np.unique(groups, return_inverse=True)
    sums, counts, generator = np.bincount(gene, right), np.bincount(gene), np.random.default_rng(0)
    shares = []
    for _ in range(_DRAWS):
        times = np.bincount(generator.integers(0, len(genes), len(genes)), minlength=len(genes))
        shares.append(sums @ times / (counts @ times))
    low, high = np.percentile(shares, _INSIDE)
    return float(low), float(high)
