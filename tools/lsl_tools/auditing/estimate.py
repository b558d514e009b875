"""How many labels are wrong, and which: expectation-maximization over what each image may be.

Each label is right or wrong by itself, at the rate of its task. So of an image with two labels, the one that the answer
breaks is likely wrong where the other agrees with the answer. An answer that breaks two labels which agree is likelier
wrong itself: one more part of the mixture holds images of which the models know nothing, and their labels are doubted
half as much. Where no labels contradict each other at all, coarse labels were made from the fine ones: they are no
second witness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lsl_tools.auditing.calibration import best_temperature, mapped, tempered
from lsl_tools.auditing.evidence import Evidence, TaskLabels
from lsl_tools.auditing.noise import Noise, right_shares

__all__ = ["Estimate", "estimated", "refitted"]

Floats = NDArray[np.float64]
ANY_CLASS = 0.9
"""The share of wrong labels that may be any class alike. Of 0.5 to 1, it did well with errors near and far."""
_FIRST_RATE, _FIRST_LOST = 0.03, 0.01
_WRONG_BEFORE, _LABELS_BEFORE = 0.5, 25
"""What is known of a task's rate before: as if of 25 labels half a one had been wrong."""
_IMAGES_BEFORE = 100
"""As if of so many images the models had known all."""
_ROUNDS, _SETTLED = 60, 1e-3
_TEMPERATURE_EVERY = 3
_HALF = 0.5


@dataclass(frozen=True)
class Estimate:
    """What was estimated of N images."""

    evidence: Evidence
    whole: Evidence
    """With the coarse labels that are no witnesses."""
    any_class: float
    probabilities: Floats
    """(N, S), calibrated."""
    rates: tuple[float, ...]
    """Of each task: how many of its labels are wrong."""
    lost: float
    """The share of the images of which the models know nothing."""
    weights: Floats
    """(N,): how often each image counts."""
    temperature: float = 1.0
    likely: Floats = field(default_factory=lambda: np.empty((0, 0)))
    """(N, S): what each image is, from the answers and all its labels."""
    unknown: Floats = field(default_factory=lambda: np.empty(0))
    """(N,): how likely the models know nothing of an image."""

    @property
    def wrong(self) -> tuple[Floats, ...]:
        """Of each task (N,): how likely the label is wrong, NaN where there is none."""
        return tuple(
            np.where(task.known, self._in_all((self.likely * ~task.fits).sum(1)), np.nan) for task in self.whole.tasks
        )

    @property
    def any_wrong(self) -> Floats:
        """(N,): how likely at least one label of an image is wrong."""
        return self._in_all(1 - (self.likely * self.whole.fits).sum(1))

    def _in_all(self, where_known: Floats) -> Floats:
        return np.asarray((1 - self.unknown) * where_known + self.unknown * _HALF)


def estimated(evidence: Evidence, any_class: float = ANY_CLASS) -> Estimate:
    """The estimate from the evidence alone: rates first, then calibrated probabilities, then both anew."""
    whole, evidence = evidence, evidence.of_witnesses()
    count = len(evidence.rows)
    rates = (_FIRST_RATE,) * len(evidence.tasks)
    first = Estimate(evidence, whole, any_class, evidence.probabilities, rates, _FIRST_LOST, np.ones(count))
    found = refitted(first)
    better = mapped(found.probabilities, _likelihood(_noises(found, found.probabilities)), evidence.folds)
    return refitted(replace(found, probabilities=better, temperature=1.0))


def refitted(start: Estimate, *, calibrate: bool = True) -> Estimate:
    """Rates, temperature and what each image is, anew from a start, until they settle."""
    lost = _lost_likelihood(start)
    found, raw, temperature = start, start.probabilities, start.temperature
    for number in range(_ROUNDS):
        likelihood = _likelihood(_noises(found, found.probabilities))
        if calibrate and number % _TEMPERATURE_EVERY == 0:
            temperature = _temperature(raw, likelihood, lost, found, temperature)
            found = replace(found, probabilities=tempered(raw, temperature), temperature=temperature)
        before, found = found, _step(found, likelihood, lost)
        if _change(before, found) < _SETTLED:
            break
    return found


def _noises(found: Estimate, probabilities: Floats) -> list[Noise]:
    pairs = zip(found.evidence.tasks, found.rates, strict=True)
    return [Noise.of(task, probabilities, rate, found.any_class) for task, rate in pairs]


def _likelihood(noises: Sequence[Noise]) -> Floats:
    """(N, S): of all labels of an image together."""
    return np.asarray(np.prod([one.likelihood() for one in noises], axis=0))


def _lost_likelihood(start: Estimate) -> Floats:
    """(N,): how likely the labels of an image are, if they agree and the models know nothing; 0 for a single label."""
    evidence = start.evidence
    shares = np.average(start.probabilities, axis=0, weights=start.weights)
    agreeing = np.prod([_if_right(task) for task in evidence.tasks], axis=0)
    return np.asarray(np.where(_several(evidence), agreeing @ shares, 0))


def _if_right(task: TaskLabels) -> Floats:
    return np.where(task.known[:, None], right_shares(task)[task.labels], 1)


def _several(evidence: Evidence) -> NDArray[np.bool_]:
    return np.asarray(np.sum([task.known for task in evidence.tasks], axis=0) > 1)


def _temperature(raw: Floats, likelihood: Floats, lost: Floats, found: Estimate, near: float) -> float:
    def cost(temperature: float) -> float:
        told = (tempered(raw, temperature) * likelihood).sum(1)
        return -float(found.weights @ np.log((1 - found.lost) * told + found.lost * lost + 1e-300))

    return best_temperature(cost, near)


def _step(found: Estimate, likelihood: Floats, lost: Floats) -> Estimate:
    joint = found.probabilities * likelihood
    told = joint.sum(1)
    unknown = found.lost * lost / np.maximum((1 - found.lost) * told + found.lost * lost, 1e-300)
    likely, weights = joint / np.maximum(told[:, None], 1e-300), found.weights
    counts = weights * (1 - unknown)
    rates = [
        (float((counts * (likely * ~task.fits).sum(1)).sum()) + _WRONG_BEFORE)
        / (float(counts[task.known].sum()) + _LABELS_BEFORE)
        for task in found.evidence.tasks
    ]
    asked = float(weights[_several(found.evidence)].sum())
    share = max(float(weights @ unknown) / (asked + _IMAGES_BEFORE), 1e-5)
    return replace(found, rates=tuple(rates), lost=share, likely=likely, unknown=unknown)


def _change(before: Estimate, after: Estimate) -> float:
    """The largest change of a rate, as a share of it."""
    pairs = np.array([[*before.rates, before.lost], [*after.rates, after.lost]])
    return float(np.abs(np.diff(np.log(pairs), axis=0)).max())
