"""Scores of terms of a controlled vocabulary, as the field gives them: per bag, by term and stage range.

A bag is the images of one gene in one stage range; the terms belong to it as a whole. A term is scored only in the
ranges where a bag carries it and another does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Bags",
    "TermScore",
    "TermScores",
    "average_precision",
    "bag_means",
    "f1",
    "roc_auc",
    "score_terms",
]

Truth = NDArray[np.bool_]
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Bags:
    """Images joined into B bags."""

    truth: NDArray[np.int64]
    """(B, T): 1 carries the term, 0 does not, −1 not annotated."""
    probabilities: NDArray[np.float64]
    """(B, T): the mean over the bag's images."""
    ranges: NDArray[np.int64]
    """(B,): the stage range of each, −1 where not known."""
    genes: NDArray[np.int64]
    """(B,)"""


@dataclass(frozen=True)
class TermScore:
    """One term in one range; the scores are 0..1."""

    term: str
    stage_range: str
    """'' where images have no range."""
    n_bags: int
    n_carried: int
    auc: float
    average_precision: float
    f1: float
    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class TermScores:
    """A task of kind terms over annotated bags. The means are over `terms`, pairs of a term and a range."""

    n_bags: int
    n_genes: int
    auc: float
    average_precision: float
    macro_f1: float
    micro_f1: float
    """From the counts of all pairs together."""
    sensitivity: float
    specificity: float
    terms: tuple[TermScore, ...]


def bag_means(
    truth: NDArray[np.integer], probabilities: Floats, genes: NDArray[np.integer], ranges: NDArray[np.integer]
) -> Bags:
    """Bags of N images: `truth` (N, T), −1 unknown, `probabilities` (N, T), `genes` and `ranges` (N,).

    A bag carries a term that any of its images carries.
    """
    pairs = np.stack([genes, ranges], axis=1).astype(np.int64)
    keys, bag = np.unique(pairs, axis=0, return_inverse=True)
    bag = bag.reshape(-1)
    joined = np.full((len(keys), truth.shape[1]), -1, np.int64)
    np.maximum.at(joined, bag, truth.astype(np.int64))
    sums = np.zeros((len(keys), truth.shape[1]))
    np.add.at(sums, bag, probabilities.astype(np.float64))
    return Bags(joined, sums / np.bincount(bag)[:, None], keys[:, 1], keys[:, 0])


def score_terms(
    bags: Bags, thresholds: Floats, terms: Sequence[str], range_names: Sequence[str] = ()
) -> TermScores | None:
    """Scores of all bags; term k is chosen where its probability reaches `thresholds[k]`.

    None where no term is carried by one bag and not by another of the same range.
    """
    chosen = bags.probabilities >= np.asarray(thresholds)[None]
    found, counts = list[TermScore](), np.zeros(4, np.int64)
    for stage_range in np.unique(bags.ranges):
        for k, term in enumerate(terms):
            inside = (bags.ranges == stage_range) & (bags.truth[:, k] >= 0)
            truth = bags.truth[inside, k] == 1
            if truth.any() and not truth.all():
                name = range_names[stage_range] if range_names and stage_range >= 0 else ""
                pair = _counts(truth, chosen[inside, k])
                counts += pair
                found.append(_score(term, name, truth, bags.probabilities[inside, k], pair))
    if not found:
        return None
    known = (bags.truth >= 0).any(1)
    means = {
        name: float(np.mean([getattr(one, name) for one in found]))
        for name in ("auc", "average_precision", "f1", "sensitivity", "specificity")
    }
    macro = means.pop("f1")
    return TermScores(
        int(known.sum()), len(np.unique(bags.genes[known])), **means, macro_f1=macro, micro_f1=f1(counts),
        terms=tuple(found),
    )  # fmt: skip


def roc_auc(truth: Truth, scores: Floats) -> float:
    """Area under the ROC curve: how often a carrier (n,) scores higher than a non-carrier, ties counting half."""
    values, place = np.unique(scores, return_inverse=True)
    carried, absent = (np.bincount(place[truth == side], minlength=len(values)) for side in (True, False))
    below = np.cumsum(absent) - absent
    return float((carried * (below + absent / 2)).sum() / (carried.sum() * absent.sum()))


def average_precision(truth: Truth, scores: Floats) -> float:
    """Σ (R_i − R_{i−1}) P_i over the distinct scores (n,), highest first: precision P, recall R (no interpolation)."""
    values, place = np.unique(-scores, return_inverse=True)
    carried = np.cumsum(np.bincount(place[truth], minlength=len(values)))
    chosen = np.cumsum(np.bincount(place, minlength=len(values)))
    return float((np.diff(carried, prepend=0) * carried / chosen).sum() / carried[-1])


def f1(counts: NDArray[np.int64]) -> float:
    """2 TP / (2 TP + FP + FN) of counts (TP, FP, FN, TN); 0 where nothing is carried or chosen."""
    hits, wrong, missed, _ = counts.tolist()
    return 2 * hits / (2 * hits + wrong + missed) if hits + wrong + missed else 0.0


def _counts(truth: Truth, chosen: Truth) -> NDArray[np.int64]:
    """TP, FP, FN, TN."""
    return np.array(
        [(truth & chosen).sum(), (~truth & chosen).sum(), (truth & ~chosen).sum(), (~truth & ~chosen).sum()]
    )


def _score(term: str, stage_range: str, truth: Truth, scores: Floats, counts: NDArray[np.int64]) -> TermScore:
    hits, wrong, missed, right = counts.tolist()
    return TermScore(
        term=term,
        stage_range=stage_range,
        n_bags=len(truth),
        n_carried=int(truth.sum()),
        auc=roc_auc(truth, scores),
        average_precision=average_precision(truth, scores),
        f1=f1(counts),
        sensitivity=hits / (hits + missed),
        specificity=right / (right + wrong),
    )
