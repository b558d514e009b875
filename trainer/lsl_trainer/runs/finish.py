"""The end of a run: the bundle, its evaluation on the test images, the report, and metrics.json last."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lsl_runtime.evaluation.evaluate import evaluate
from lsl_runtime.model.model import Model
from lsl_shared.errors import BundleError
from lsl_shared.files.atomic import write_text
from lsl_shared.files.out_of_fold import OUT_OF_FOLD, OutOfFold, write_out_of_fold
from lsl_trainer.bundle.agreement import agreement
from lsl_trainer.bundle.provenance import images_note, weights_note
from lsl_trainer.bundle.variants import half_bundle, int8_bundle
from lsl_trainer.bundle.write import write_bundle
from lsl_trainer.choosing.choice import read_choice
from lsl_trainer.data.image_cache import remove_images
from lsl_trainer.data.split import TEST
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.left_out_file import write_left_out
from lsl_trainer.reporting.findings import find_out
from lsl_trainer.reporting.report import write_report
from lsl_trainer.reporting.versions import versions
from lsl_trainer.runs.features_folder import features_beside
from lsl_trainer.runs.run_folder import CHECKPOINTS, METRICS, MODEL, MODEL_FP16, MODEL_INT8, REPORT

__all__ = ["finish_run"]

_QUANTIZED_BY, _COMPARED = 64, 256  # images


def finish_run(
    training: TwoStepTraining,
    store: str | Path,
    out: Path,
    epochs: Sequence[Epoch],
    answers: OutOfFold | None = None,
    on_step: Callable[[str], None] = lambda step: None,
) -> None:
    """Writes all that a finished run holds beside its checkpoints.

    `answers` are those of models that had learnt from all labels, where doubtful ones were left out then. `on_step` is
    told what begins.
    """
    data, config = training.data, training.config
    training.notes += [told for told in (weights_note(config), images_note(config)) if told]
    parity = _write_bundles(training, out, on_step)
    model = Model.load(out / MODEL, device="cpu", verify=True)
    if answers:
        write_out_of_fold(out / OUT_OF_FOLD, answers)
    elif training.left_out:
        write_left_out(training.left_out, data, model.manifest.tasks[0], out / OUT_OF_FOLD)
    evaluation = evaluate(store, model, everything=not (data.part == TEST).any())
    found = find_out(model, data, evaluation, epochs, config.seed)
    made = read_choice(out)
    choice = asdict(made) if made else None
    metrics = {
        "evaluation": asdict(evaluation),
        "calibration": asdict(found.calibration) if found.calibration else None,
        "epochs": [asdict(epoch) for epoch in epochs],
        "parity": parity,
        "choice": choice,
        "notes": training.notes,
        "config": config.to_dict(),
        "versions": versions(),
    }
    write_report(out / REPORT, training, found, choice)
    write_text(out / METRICS, json.dumps(metrics, indent=1, ensure_ascii=False))
    remove_images(out / CHECKPOINTS)


def _write_bundles(training: TwoStepTraining, out: Path, on_step: Callable[[str], None]) -> dict[str, Any]:
    """Writes the bundle, and the smaller variant that the settings ask for; gives how near its graphs came."""
    data, config = training.data, training.config
    for bundle in (MODEL, MODEL_FP16, MODEL_INT8):
        shutil.rmtree(out / bundle, ignore_errors=True)  # of a run that was killed before its report
    _, parity = write_bundle(
        training.network, data, config, out / MODEL, features_beside(out), training.left_out, on_step
    )
    if config.export.graph_precision == "fp16":
        half_bundle(out / MODEL, out / MODEL_FP16)
    if config.export.graph_precision == "int8":
        training.notes.extend(_quantized(data, out))
    return asdict(parity)


def _quantized(data: TrainingData, out: Path) -> list[str]:
    """Writes the int8 bundle, and tells how far it agrees; or why there is none, which is no reason to lose a run."""
    images = data.fine.images[np.sort(data.fine.rows[:_QUANTIZED_BY])]
    try:
        int8_bundle(out / MODEL, images, out / MODEL_INT8)
    except BundleError as problem:
        return [f"{MODEL_INT8} was not written, eight bits are too few for this network ({problem.problem})"]
    return [_agreement_told(data, out)] if data.first else []


def _agreement_told(data: TrainingData, out: Path) -> str:
    """How far the int8 bundle agrees with the other, on calibration images where there are any."""
    which, known = ("calibration", data.calibration) if len(data.calibration) else ("training", data.fine)
    rows, labels = known.rows[:_COMPARED], known.labels[:_COMPARED]
    whole, small = (Model.load(out / name, device="cpu") for name in (MODEL, MODEL_INT8))
    return agreement(whole, small, known.images[rows], labels).told(MODEL_INT8, which)
