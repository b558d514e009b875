"""Leaving all genes out in turn: a training for each fold, which answers for the images that it did not see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch.nn.functional as F
from lightning_fabric import Fabric
from numpy.typing import NDArray

from lsl_shared.errors import TrainingError
from lsl_shared.files.atomic import atomic_path
from lsl_trainer.choosing.parts import only
from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.features import features_of
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.learning.left_out import LeftOut, prototypes, scope_distances
from lsl_trainer.settings.config import TrainConfig

__all__ = ["leave_out"]

Begin = Callable[[str, TwoStepTraining], None]


def leave_out(
    data: TrainingData,
    config: TrainConfig,
    fabric: Fabric,
    folder: Path,
    features: Path,
    begin: Begin = lambda name, training: None,
    on_images: Callable[[int], None] = lambda count: None,
) -> LeftOut:
    """Trains without each fold of `data.folds`. Finished folds are kept in `folder`, and found there again.

    `begin` is called with what begins and its training, and `on_images` with the number of images just learnt from.
    Raises TrainingError where a fold holds all but one of the classes.
    """
    rows, count = data.learnt_rows, int(data.folds.max()) + 1
    found = []
    for fold in range(count):
        path, held = folder / f"left-out-{data.digest[:16]}-{fold + 1}.npz", data.folds == fold
        if not path.exists():
            training = TwoStepTraining(_without(data, rows[~held]), config, fabric, features=features)
            begin(f"calibrating, fold {fold + 1} of {count}", training)
            answers = _answers(training, rows[held], on_images)
            if training.writes:
                with atomic_path(path) as temporary, temporary.open("wb") as stream:
                    np.savez(stream, logits=answers[0], distances=answers[1])
            fabric.barrier()
        with np.load(path) as kept:
            found.append((kept["logits"], kept["distances"]))
    order = np.argsort(np.argsort(data.folds, kind="stable"), kind="stable")
    logits, distances = (np.concatenate(parts)[order] for parts in zip(*found, strict=True))
    return LeftOut(rows, data.folds, logits, distances)


def _without(data: TrainingData, shown: NDArray[np.int64]) -> TrainingData:
    """The data with no images to learn from but those `shown`."""
    left = replace(only(data, shown), folds=data.folds[:0])
    if len(np.unique(left.fine.labels[left.fine.labels >= 0])) < 2:
        raise TrainingError("some genes hold all labels of all classes but one: use --calibration split")
    return left


def _answers(
    training: TwoStepTraining, held: NDArray[np.int64], on_images: Callable[[int], None]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The logits (n, K) and scope distances (n,) of the images that were left out, `held` (n,), after the training."""
    for _ in training.run(on_images):
        pass
    network, fine = training.network, training.data.fine
    nowhere = np.full(len(held), -1)
    asked = Labelled(fine.images, held, nowhere, nowhere, np.full(len(held), "", dtype=object))
    unit = F.normalize(prototypes(features_of(network, fine), fine.labels), dim=1)
    distances = scope_distances(features_of(network, asked), unit)
    return logits_of(network, fine.images, held).numpy(), distances.numpy()
