"""Linear classifiers on a backbone's features: grouped cross-validation says which blocks, penalty, size and views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lsl_trainer.choosing.candidate import Candidate
from lsl_trainer.choosing.features import SharedFeatures
from lsl_trainer.choosing.yardstick import Marks, Yardstick
from lsl_trainer.learning.linear_problem import Axes, LinearProblem, fit_linear, principal_axes

__all__ = ["PENALTIES", "LinearTry", "try_linear"]

PENALTIES = (1e-3, 1e-4, 1e-5, 1e-6)
_TURNS = 4


@dataclass(frozen=True)
class LinearTry:
    """What the images are shown as, and which blocks answer; each penalty of it is a candidate."""

    backbone: str
    blocks: tuple[int, ...]
    enlarge: int
    turned: bool

    def candidate(self, penalty: float) -> Candidate:
        """The candidate of a penalty."""
        shown = [f"{self.enlarge} times as large"] * (self.enlarge > 1) + ["turned"] * self.turned
        of = f"blocks {', '.join(map(str, self.blocks))}"
        name = f"linear on {self.backbone}, {of}{''.join(f', {one}' for one in shown)}, penalty {penalty:g}"
        settings: dict[str, Any] = {
            "method": "linear", "backbone": self.backbone, "feature_blocks": self.blocks, "enlarge": self.enlarge,
            "turned": self.turned, "penalty": penalty,
        }  # fmt: skip
        return Candidate(name, settings)


def try_linear(
    one: LinearTry,
    features: SharedFeatures,
    problem: LinearProblem,
    yardstick: Yardstick,
    folds: NDArray[np.int64],
    on_fit: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Candidate, Marks]]:
    """The candidates of `one` with the marks of all images, each from a classifier that saw no image of its gene.

    `problem` is that of all images, without coordinates; `folds` (n,) say when each is left out.
    """
    views = range(_TURNS if one.turned else 1)
    found = [torch.cat(features.of(one.enlarge, view, one.blocks), 1) for view in views]
    sizes = features.sizes(one.enlarge, one.blocks)
    answers = np.zeros((len(PENALTIES), len(folds)), np.int64)
    for fold in np.unique(folds):
        held = torch.from_numpy(folds == fold)
        shown = torch.cat([view[~held] for view in found])
        axes = principal_axes(shown, sizes)
        part = problem.part(~held).repeated(len(found), axes.coordinates(shown))
        answers[:, held.numpy()] = _answers(part, axes, found[0][held], len(yardstick.parents), on_fit)
    for penalty, answer in zip(PENALTIES, answers, strict=True):
        yield one.candidate(penalty), out_of_fold(yardstick, folds, answer)


def out_of_fold(yardstick: Yardstick, folds: NDArray[np.int64], answers: NDArray[np.int64]) -> Marks:
    """The marks of all images from `answers` (n,), fold by fold."""
    whole = Marks(np.full(len(folds), np.nan), np.full(len(folds), np.nan))
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        marks = yardstick.marks(rows, answers[rows])
        whole.fine[rows], whole.coarse[rows] = marks.fine, marks.coarse
    return whole


def _answers(
    part: LinearProblem, axes: Axes, held: torch.Tensor, classes: int, on_fit: Callable[[], None]
) -> NDArray[np.int64]:
    """The fine classes (P, m) that each penalty gives to the features `held` (m, D)."""
    coordinates, fitted, answers = axes.coordinates(held), None, []
    for penalty in PENALTIES:
        fitted = fit_linear(part, penalty, fitted)
        answers.append(fitted.logits(coordinates)[:, :classes].argmax(1).numpy())
        on_fit()
    return np.stack(answers)
