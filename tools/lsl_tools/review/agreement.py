"""How far two people agree who labelled the same images: Cohen's kappa, and where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_tools.review.answer import LABEL, SECOND, Answer
from lsl_tools.review.ledger import Ledger

__all__ = ["Agreement", "agreement", "disagreements", "kappa"]

_DRAWS = 2000


@dataclass(frozen=True)
class Agreement:
    """How far people agree."""

    images: int
    same: int
    """Images where both said the same."""
    kappa: float
    """NaN where chance alone would make them agree."""
    low: float
    high: float
    """The interval that holds 95 % of kappa over images drawn with replacement; NaN below two images."""
    classes: dict[str, tuple[int, float, float, float]]
    """Class → images where one of both gave it, and kappa of this class against all others, with its interval."""


def kappa(first: NDArray[np.int64], second: NDArray[np.int64], classes: int) -> float:
    """Cohen's kappa of two people's classes (n,): (p_o − p_e) / (1 − p_e); NaN where p_e is 1."""
    table = np.zeros((classes, classes))
    np.add.at(table, (first, second), 1)
    return float(_kappas(table[None])[0])


def agreement(pairs: Sequence[tuple[str, str]], classes: Sequence[str]) -> Agreement:
    """The agreement of pairs (first, second) of class names; intervals by bootstrap over images, always the same."""
    places = {name: place for place, name in enumerate(classes)}
    both = np.array([(places[one], places[other]) for one, other in pairs], np.int64).reshape(-1, 2)
    count, size = len(both), len(classes)
    table = np.zeros((size, size))
    np.add.at(table, (both[:, 0], both[:, 1]), 1)
    drawn = _drawn(table, count)
    by_class = {}
    for place, name in enumerate(classes):
        ones, several = _one_against_all(table[None], place), _one_against_all(drawn, place)
        given = int(count - ones[0, 1, 1])
        if given:
            by_class[name] = (given, float(_kappas(ones)[0]), *_interval(_kappas(several)))
    low, high = _interval(_kappas(drawn))
    return Agreement(count, int(np.trace(table)), float(_kappas(table[None])[0]), low, high, by_class)


def disagreements(ledger: Ledger, task: str) -> list[tuple[Answer, str]]:
    """Second labels that differ from the first, oldest first, and the label that settled it, '' where none has."""
    found = []
    for second in ledger.given(SECOND):
        if second.value != second.old and second.task == task:
            settled = ledger.standing((LABEL, task, second.row))
            later = settled is not None and ledger.place(settled.key) > ledger.place(second.key)
            found.append((second, settled.value if settled is not None and later else ""))
    return found


def _drawn(table: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Tables of images drawn with replacement, (draws, K, K); none below two images."""
    if count < 2:
        return np.zeros((0, *table.shape))
    drawn = np.random.default_rng(0).multinomial(count, table.ravel() / count, size=_DRAWS)
    return drawn.reshape(_DRAWS, *table.shape).astype(np.float64)


def _one_against_all(tables: NDArray[np.float64], place: int) -> NDArray[np.float64]:
    """Tables (n, 2, 2) of one class and all others."""
    both = tables[:, place, place]
    first, second = tables[:, place].sum(1) - both, tables[:, :, place].sum(1) - both
    rest = tables.sum((1, 2)) - both - first - second
    return np.stack([np.stack([both, first], 1), np.stack([second, rest], 1)], 1)


def _kappas(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kappa of each table (n, K, K), NaN where it is not defined."""
    total = np.maximum(tables.sum((1, 2)), 1)
    seen = np.trace(tables, axis1=1, axis2=2) / total
    chance = (tables.sum(1) * tables.sum(2)).sum(1) / total**2
    defined = chance < 1 - 1e-12
    return np.where(defined, (seen - chance) / np.where(defined, 1 - chance, 1), np.nan)


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)
