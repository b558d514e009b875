"""The run's report: one self-contained HTML page, the first thing to open after a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.evaluation import Evaluation
from lsl_runtime.model import Model
from lsl_shared.atomic import write_text
from lsl_trainer import report_figures as figures
from lsl_trainer.algorithm import TwoStepTraining
from lsl_trainer.data import TrainingData
from lsl_trainer.learn import Epoch

__all__ = ["write_report"]

_SHOWN_IMAGES = 6


def write_report(
    path: Path, training: TwoStepTraining, model: Model, evaluation: Evaluation, epochs: Sequence[Epoch]
) -> None:
    """Writes the page: scores and confusions of the exported graph on the test images, curves, maps, settings."""
    from jinja2 import Environment, PackageLoader

    data, config, scores = training.data, training.config, evaluation.labelled
    trained = np.bincount(data.fine.labels, minlength=len(data.fine_space))
    environment = Environment(loader=PackageLoader("lsl_trainer", "templates"), autoescape=True)
    page = environment.get_template("report.html").render(
        title=f"{data.fine_space.name}: {config.method}, preset {config.preset}",
        data=data,
        model=model,
        evaluation=evaluation,
        scores=scores,
        trained=trained.tolist(),
        matrix=figures.confusion_matrix(np.array(scores.confusion), evaluation.classes) if scores else "",
        samples=_samples(data, model),
        curves=figures.learning_curves(epochs) if epochs else "",
        notes=[*training.notes, *evaluation.notes],
        settings=_flat(config.to_dict()),
    )
    write_text(path, page)


def _samples(data: TrainingData, model: Model) -> list[dict[str, str]]:
    """Test images with their saliency maps: sure ones of several classes, and the surest mistake."""
    test, classes = data.test, data.fine_space.classes
    if not len(test):
        return []
    images = test.images[test.rows]
    predictions = model.predict(images)
    shown = _confident(predictions.probability, predictions.class_index == test.labels, predictions.class_index)
    return [
        figures.saliency_panel(
            images[k],
            saliency,
            f"{classes[test.labels[k]]} → {classes[predictions.class_index[k]]} ({predictions.probability[k]:.0%})",
        )
        for k, saliency in zip(shown, model.saliency(images[shown]), strict=True)
    ]


def _confident(probability: NDArray[np.float32], right: NDArray[np.bool_], predicted: NDArray[np.int64]) -> list[int]:
    """The surest right image of each of a few classes, evenly spread, then the surest mistake."""
    order = np.argsort(-probability)
    surest = {int(predicted[k]): int(k) for k in order[::-1] if right[k]}
    spread = [surest[c] for c in sorted(surest)]
    places = np.unique(np.linspace(0, len(spread) - 1, min(_SHOWN_IMAGES - 1, len(spread))).astype(int))
    mistakes = [int(k) for k in order if not right[k]][:1]
    return [spread[place] for place in places] + mistakes


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Nested settings as name.inner → value."""
    return {
        f"{name}.{inner}" if isinstance(value, dict) else name: part
        for name, value in settings.items()
        for inner, part in (value.items() if isinstance(value, dict) else [("", value)])
    }
