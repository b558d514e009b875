"""Scores of predicted classes and probabilities, in NumPy, used by the trainer and by lsl-evaluate alike.

Throughout: `truth` and `predicted` int (N,) class indices, `probabilities` float (N, K) rows summing to 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "accuracy",
    "brier",
    "calibration_bins",
    "confusion",
    "expected_calibration_error",
    "is_ordered",
    "macro_f1",
    "majority_share",
    "nll",
    "within",
]

Indices = NDArray[np.integer]
Floats = NDArray[np.floating]


def accuracy(truth: Indices, predicted: Indices) -> float:
    """Share of images whose class is right."""
    return float(np.mean(np.asarray(truth) == predicted))


def majority_share(truth: Indices) -> float:
    """Share of the most frequent class: the accuracy of always answering that one."""
    return float(np.unique(truth, return_counts=True)[1].max() / len(truth))


def is_ordered(classes: Sequence[str]) -> bool:
    """Whether the classes are ascending numbers or ranges of numbers: 4, 5, … or 1-3, 4-6, …"""
    numbers = [re.fullmatch(r"(\d+)(-\d+)?", name) for name in classes]
    starts = [int(number[1]) for number in numbers if number]
    return len(starts) == len(classes) and all(a < b for a, b in pairwise(starts))


def within(truth: Indices, predicted: Indices, steps: int = 1) -> float:
    """Share of images at most `steps` classes away, for classes in their natural order (stages)."""
    return float(np.mean(np.abs(np.asarray(truth, dtype=int) - np.asarray(predicted, dtype=int)) <= steps))


def confusion(truth: Indices, predicted: Indices, n_classes: int) -> NDArray[np.int64]:
    """Counts (K, K): rows are the true class, columns the predicted one."""
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(counts, (np.asarray(truth, dtype=int), np.asarray(predicted, dtype=int)), 1)
    return counts


def macro_f1(counts: NDArray[np.int64]) -> float:
    """Mean F1 over the classes that occur or are predicted, from a confusion matrix."""
    hits, total = np.diag(counts), counts.sum(0) + counts.sum(1)
    present = total > 0
    return float(np.mean(2 * hits[present] / total[present])) if present.any() else float("nan")


def nll(truth: Indices, probabilities: Floats) -> float:
    """Mean negative log-likelihood in nats."""
    chosen = probabilities[np.arange(len(truth)), truth]
    return float(0 - np.mean(np.log(np.maximum(chosen, np.finfo(np.float32).tiny))))


def brier(truth: Indices, probabilities: Floats) -> float:
    """Mean squared distance between the probabilities and the one-hot truth, summed over classes (0..2)."""
    wrong = np.array(probabilities, dtype=np.float64)
    wrong[np.arange(len(truth)), truth] -= 1
    return float(np.mean((wrong**2).sum(1)))


def calibration_bins(truth: Indices, probabilities: Floats, bins: int = 10) -> NDArray[np.float64]:
    """Reliability in bins of equal mass: rows (mean confidence, accuracy, count), (bins or fewer, 3)."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    parts = np.array_split(np.argsort(confidence, kind="stable"), min(bins, len(truth)))
    return np.array([(confidence[part].mean(), right[part].mean(), len(part)) for part in parts])


def expected_calibration_error(truth: Indices, probabilities: Floats, bins: int = 10) -> float:
    """Mean |confidence − accuracy| over bins of equal mass, weighted by their counts (0..1)."""
    table = calibration_bins(truth, probabilities, bins)
    return float(np.average(np.abs(table[:, 0] - table[:, 1]), weights=table[:, 2]))
