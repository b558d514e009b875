"""The run's report: one HTML page that needs no other file. It is the first thing to open after a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.contributions import SMOOTH
from lsl_runtime.model.model import Model
from lsl_trainer.data.notes import coarse_told
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.reporting import figures as figures
from lsl_trainer.reporting.answers import Answers
from lsl_trainer.reporting.findings import Findings
from lsl_trainer.reporting.page import write_page
from lsl_trainer.reporting.references import reference_pictures
from lsl_trainer.reporting.versions import versions

__all__ = ["write_report"]

_SHOWN_RIGHT, _SHOWN_MISTAKES = 6, 6


def write_report(
    path: Path, training: TwoStepTraining, found: Findings, choice: Mapping[str, Any] | None = None
) -> None:
    """Writes the page: scores and confusions of the exported graph on the test images, curves, maps, settings.

    `choice` is that of method auto: its `lines`, and the `scores` of its candidates.
    """
    data, config, scores = training.data, training.config, found.evaluation.labelled
    trained = np.bincount(data.fine.labels[data.fine.labels >= 0], minlength=len(data.fine_space))
    right, mistakes = _shown(data, found.model, found.answers) if found.answers else ([], [])
    write_page(
        path,
        "report.html",
        title=f"{data.fine_space.name}: {config.method}, preset {config.preset}",
        data=data,
        fine_images=int(trained.sum()),
        model=found.model,
        coarse_told=coarse_told(data),
        evaluation=found.evaluation,
        coarse_scores=[*filter(None, [found.evaluation.coarse]), *found.evaluation.further_coarse.values()],
        scores=scores,
        trained=trained.tolist(),
        matrix=figures.confusion_matrix(np.array(scores.confusion), found.evaluation.classes) if scores else "",
        right=right,
        mistakes=mistakes,
        calibration=found.calibration,
        diagram=figures.reliability_diagram(found.calibration) if found.calibration else "",
        curves=figures.learning_curves(found.epochs) if found.epochs else "",
        steps=_steps(found.epochs),
        references=reference_pictures(data, training.reference_sets),
        config=config,
        choice=choice,
        notes=[*training.notes, *found.evaluation.notes],
        settings=_flat(config.to_dict()),
        versions=versions(),
    )


def _shown(data: TrainingData, model: Model, answers: Answers) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Panels with saliency maps: first the surest right images of a few classes, then the surest mistakes."""
    right = answers.predicted == data.test.labels
    sure, mistakes = _surest(answers, right), _mistakes(answers, right)
    return _panels(data, model, answers, sure), _mistaken(data, model, answers, mistakes)


def _surest(answers: Answers, right: NDArray[np.bool_]) -> list[int]:
    """The surest right image of a few classes, which are spread evenly over those that have one."""
    order = np.argsort(answers.confidence, kind="stable")
    surest = {int(answers.predicted[k]): int(k) for k in order if right[k]}
    spread = [surest[c] for c in sorted(surest)]
    places = np.unique(np.linspace(0, len(spread) - 1, min(_SHOWN_RIGHT, len(spread))).astype(int))
    return [spread[place] for place in places]


def _mistakes(answers: Answers, right: NDArray[np.bool_]) -> list[int]:
    return [int(k) for k in np.argsort(-answers.confidence, kind="stable") if not right[k]][:_SHOWN_MISTAKES]


def _panels(data: TrainingData, model: Model, answers: Answers, shown: Sequence[int]) -> list[dict[str, str]]:
    if not shown:
        return []
    images = data.test.images[data.test.rows[shown]]
    return [
        figures.saliency_panel(image, saliency, _caption(data, answers, k))
        for k, image, saliency in zip(shown, images, model.saliency(images), strict=True)
    ]


def _mistaken(data: TrainingData, model: Model, answers: Answers, shown: Sequence[int]) -> list[dict[str, str]]:
    """Panels of mistakes: what speaks for the answer and not for the label, and the other way round."""
    if not shown:
        return []
    images = data.test.images[data.test.rows[shown]]
    told, labels = (np.asarray(one[shown], np.int64) for one in (answers.predicted, data.test.labels))
    contrasts = model.contributions(images, told, labels, smooth=SMOOTH)
    return [
        figures.mistake_panel(image, contrast, _caption(data, answers, k))
        for k, image, contrast in zip(shown, images, contrasts, strict=True)
    ]


def _caption(data: TrainingData, answers: Answers, k: int) -> str:
    test, classes = data.test, data.fine_space.classes
    return f"{classes[test.labels[k]]} → {classes[answers.predicted[k]]} ({answers.confidence[k]:.0%})  {test.ids[k]}"


def _steps(epochs: Sequence[Epoch]) -> list[tuple[str, int, float]]:
    """Name, number of epochs and seconds of each step."""
    names = dict.fromkeys(epoch.step for epoch in epochs)
    chosen = {name: [epoch for epoch in epochs if epoch.step == name] for name in names}
    return [(name, len(of_step), sum(epoch.seconds for epoch in of_step)) for name, of_step in chosen.items()]


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings within settings get the name `outer.inner`."""
    return {
        f"{name}.{inner}" if isinstance(value, dict) else name: part
        for name, value in settings.items()
        for inner, part in (value.items() if isinstance(value, dict) else [("", value)])
    }
