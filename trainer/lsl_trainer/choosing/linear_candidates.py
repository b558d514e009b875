"""Linear classifiers on a backbone's features: grouped cross-validation says which blocks, penalty, size and views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lsl_trainer.choosing.candidate import Candidate
from lsl_trainer.choosing.features import Layer, SharedFeatures
from lsl_trainer.choosing.yardstick import Marks, Yardstick
from lsl_trainer.learning.linear_problem import LinearProblem, fit_linear, principal_axes
from lsl_trainer.networks.block_output import CELLS, MOST_CELLS

__all__ = ["PENALTIES", "TURNED_TO_TELL", "LinearTry", "bears_turning", "kinds_to_try", "try_linear"]

PENALTIES = (1e-3, 1e-4, 1e-5, 1e-6)
_TURNS = 4
TURNED_TO_TELL = 100
"""Images that are turned to tell whether it matters."""
_NEARLY = 0.8
"""Of the score of unturned images. On development data it was 0.93 and 0.96 of it for pollen, 0.68 for embryos."""


@dataclass(frozen=True)
class LinearTry:
    """What the images are shown as, and which blocks answer; each penalty of it is a candidate."""

    backbone: str
    blocks: tuple[int, ...]
    enlarge: int
    turned: bool
    cells: int = MOST_CELLS
    kind: str = CELLS

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The blocks, each with the most cells of its grid and the kind of its features."""
        return tuple(Layer(block, self.cells, self.kind) for block in self.blocks)

    def candidate(self, penalty: float) -> Candidate:
        """The candidate of a penalty."""
        shown = [f"{self.enlarge} times as large"] * (self.enlarge > 1) + ["turned"] * self.turned
        of = f"block{'s' * (len(self.blocks) > 1)} {', '.join(map(str, self.blocks))}"
        shown = [f"{self.cells} cells"] * (self.cells != MOST_CELLS) + [self.kind] * (self.kind != CELLS) + shown
        name = f"linear on {self.backbone}, {of}{''.join(f', {one}' for one in shown)}, penalty {penalty:g}"
        settings: dict[str, Any] = {
            "method": "linear", "backbone": self.backbone, "feature_blocks": self.blocks, "enlarge": self.enlarge,
            "turned": self.turned, "penalty": penalty, "feature_cells": self.cells,
            "feature_kind": self.kind,
        }  # fmt: skip
        return Candidate(name, settings)


def kinds_to_try(backbone: str, features: SharedFeatures, enlarge: int = 1) -> list[LinearTry]:
    """A try of each kind of features, of the blocks that these are of."""
    kinds = list(dict.fromkeys(layer.kind for layer in features.layers))
    blocks = tuple(dict.fromkeys(layer.block for layer in features.layers))
    cells = features.layers[0].cells
    return [LinearTry(backbone, blocks, enlarge, False, cells, kind) for kind in kinds]


def try_linear(
    one: LinearTry,
    penalties: Sequence[float],
    features: SharedFeatures,
    problem: LinearProblem,
    yardstick: Yardstick,
    folds: NDArray[np.int64],
) -> Iterator[tuple[Candidate, Marks]]:
    """The candidates of `one` with the marks of all images, each from one that learnt from none of its gene.

    `problem` is that of all images, without coordinates; `folds` (n,) say when each is left out. `penalties` fall. The
    axes are those of all images, for they know of no label.
    """
    shown_as = range(_TURNS if one.turned else 1)
    views = [torch.cat(features.of(one.enlarge, view, one.layers), 1) for view in shown_as]
    axes = principal_axes(views[0], features.sizes(one.enlarge, one.layers))
    coordinates = [axes.coordinates(view) for view in views]
    answers = np.zeros((len(penalties), len(folds)), np.int64)
    for fold in np.unique(folds):
        held = torch.from_numpy(folds == fold)
        shown = torch.cat([view[~held] for view in coordinates])
        part = problem.part(~held).repeated(len(views), shown).to(features.device)
        answers[:, held.numpy()] = _answers(part, penalties, coordinates[0][held], yardstick.classes)
    for penalty, answer in zip(penalties, answers, strict=True):
        yield one.candidate(penalty), out_of_fold(yardstick, folds, answer)


def bears_turning(
    one: LinearTry,
    penalty: float,
    features: SharedFeatures,
    problem: LinearProblem,
    yardstick: Yardstick,
    folds: NDArray[np.int64],
) -> bool:
    """Whether turned images are answered nearly as well as unturned ones, by a classifier that never saw one turned.

    That of a hundred images of the first fold tells whether learning from turned ones is worth a trial.
    """
    found = torch.cat(features.of(one.enlarge, 0, one.layers), 1)
    axes = principal_axes(found, features.sizes(one.enlarge, one.layers))
    first = np.flatnonzero(folds == 0)
    asked = first[np.unique(np.linspace(0, len(first) - 1, TURNED_TO_TELL).astype(int))]
    shown = torch.from_numpy(folds != 0)
    part = problem.part(shown).repeated(1, axes.coordinates(found[shown])).to(features.device)
    fitted, scores = fit_linear(part, penalty).to(found.device), []
    for view in range(_TURNS):
        coordinates = axes.coordinates(torch.cat(features.of_some(one.enlarge, view, one.layers, asked), 1))
        answers = fitted.logits(coordinates)[:, : yardstick.classes].argmax(1).numpy()
        scores.append(yardstick.marks(asked, answers).score)
    return float(np.mean(scores[1:])) >= _NEARLY * scores[0]


def out_of_fold(yardstick: Yardstick, folds: NDArray[np.int64], answers: NDArray[np.int64]) -> Marks:
    """The marks of all images from `answers` (n,), fold by fold."""
    whole = Marks(np.full(len(folds), np.nan), np.full(len(folds), np.nan))
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        marks = yardstick.marks(rows, answers[rows])
        whole.fine[rows], whole.coarse[rows] = marks.fine, marks.coarse
    return whole


def _answers(part: LinearProblem, penalties: Sequence[float], held: torch.Tensor, classes: int) -> NDArray[np.int64]:
    """The fine classes (P, m) that each penalty gives to the coordinates `held` (m, d)."""
    fitted, answers = None, []
    for penalty in penalties:
        fitted = fit_linear(part, penalty, fitted)
        answers.append(fitted.to(held.device).logits(held)[:, :classes].argmax(1).numpy())
    return np.stack(answers)
