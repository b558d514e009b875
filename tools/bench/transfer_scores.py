"""What the transfer benchmark prints: scores of the left-out answers, with intervals, and their differences."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from transfer_problem import Answers, Floats, Problem

from lsl_shared.measures.term_metrics import TermScores, bag_means, score_terms
from lsl_trainer.calibration.bootstrap import interval, mean_replicates
from lsl_trainer.comparing.paired import differences

__all__ = ["tell", "tell_differences"]

REPLICATES = 300


def tell(name: str, problem: Problem, repeats: Sequence[Answers]) -> None:
    """Prints a line of the table: means over the repeats, with intervals from a bootstrap over genes."""
    right = np.mean([one.ranges.argmax(1) == problem.ranges for one in repeats], axis=0)
    low, high = interval(mean_replicates(right[:, None], problem.genes, np.random.default_rng(0)))
    line = f"{name:34s} {len(repeats)}× ranges {right.mean():6.1%} [{low:5.1%}, {high:5.1%}]"
    if repeats[0].terms is not None:
        line += f"  terms {_term_line(problem, repeats)}"
    print(line, flush=True)


def _term_line(problem: Problem, repeats: Sequence[Answers]) -> str:
    every = np.arange(len(problem.ranges))
    found = [scores for one in repeats if (scores := _scored(problem, one, every)) is not None]
    auc, ap = (interval(column[~np.isnan(column)]) for column in term_replicates(problem, repeats).T)

    def mean(figure: str) -> float:
        return float(np.mean([getattr(scores, figure) for scores in found]))

    return (
        f"AUC {mean('auc'):.3f} [{auc[0]:.3f}, {auc[1]:.3f}] "
        f"AP {mean('average_precision'):.3f} [{ap[0]:.3f}, {ap[1]:.3f}] "
        f"F1 macro {mean('macro_f1'):.3f} micro {mean('micro_f1'):.3f} sens {mean('sensitivity'):.2f} "
        f"spec {mean('specificity'):.2f} ({len(found[0].terms)} pairs)"
    )


def term_replicates(problem: Problem, repeats: Sequence[Answers]) -> Floats:
    """AUC and average precision (means over the repeats) of B draws of genes, (B, 2); NaN if there is nothing to score.

    The draws are the same for every method.
    """
    genes, generator = np.unique(problem.genes), np.random.default_rng(0)
    places = [np.flatnonzero(problem.genes == gene) for gene in genes]
    drawn = np.full((REPLICATES, 2), np.nan)
    for replicate in drawn:
        picked = generator.integers(len(genes), size=len(genes))
        rows = np.concatenate([places[k] for k in picked])
        alias = np.concatenate([np.full(len(places[k]), n) for n, k in enumerate(picked)])
        found = [_scored(problem, one, rows, alias) for one in repeats]
        if None not in found:
            replicate[:] = np.mean([(one.auc, one.average_precision) for one in found if one is not None], axis=0)
    return drawn


def _scored(
    problem: Problem, answers: Answers, rows: NDArray[np.int64], genes: NDArray[np.int64] | None = None
) -> TermScores | None:
    """Scores of the terms, bag by bag. What is carried is told by the thresholds of the folds."""
    assert answers.terms is not None and answers.chosen is not None
    genes = problem.genes[rows] if genes is None else genes
    names = [problem.names[k] for k in problem.often]
    truth, zero = problem.terms[rows][:, problem.often], np.zeros(len(names))
    bags = bag_means(truth, answers.terms[rows], genes, problem.ranges[rows])
    level = bag_means(truth, answers.chosen[rows], genes, problem.ranges[rows]).probabilities
    ranked = score_terms(bags, zero, names, problem.range_names)
    cut = score_terms(replace(bags, probabilities=bags.probabilities - level), zero, names, problem.range_names)
    if ranked is None or cut is None:
        return None
    return replace(cut, auc=ranked.auc, average_precision=ranked.average_precision)


def tell_differences(problem: Problem, known: Mapping[str, Sequence[Answers]]) -> None:
    """Prints how methods differ, image by image, in the accuracy of ranges and the average precision of terms."""
    right = np.stack(
        [np.mean([one.ranges.argmax(1) == problem.ranges for one in repeats], axis=0) for repeats in known.values()],
        axis=1,
    )
    for one in differences(list(known), right, problem.genes, np.random.default_rng(0)):
        print(f"  ranges: {one.first} − {one.second}: {one.difference:+.1%} [{one.low:+.1%}, {one.high:+.1%}]")
    drawn = {name: term_replicates(problem, found) for name, found in known.items() if found[0].terms is not None}
    for first, second in itertools.combinations(drawn, 2):
        apart = drawn[first] - drawn[second]
        low, high = interval(apart[~np.isnan(apart).any(1), 1])
        print(f"  terms: AP of {first} − {second}: [{low:+.3f}, {high:+.3f}]", flush=True)
