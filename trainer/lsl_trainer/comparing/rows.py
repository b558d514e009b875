"""The rows of a comparison: the methods and two controls, each trained on what the others of its seed have learnt.

Feature-level learning begins where data-level learning ends, so what the steps of two methods have in common is learnt
once: a checkpoint is kept for every sequence of steps, and a training goes on from the longest one that is its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from lightning_fabric import Fabric

from lsl_shared.errors import ConfigError
from lsl_trainer.data.batch import Loss
from lsl_trainer.data.load import TrainingData
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.checkpoint import read_checkpoint, write_checkpoint
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.losses.cross_entropy import cross_entropy
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.literals import Method

__all__ = ["CONTROLS", "ROWS", "check_rows", "learnt", "method_of"]

CONTROLS = {"continued": "feature-level", "prototype": "data-level"}
"""The controls, and the method whose data and steps each has. `continued`: data-level learning that goes on for the
epochs of step two, at its rate and schedule, with L_CE alone. `prototype`: the nearest class prototype on the features
of data-level learning."""

_PAPER = ("gabor", "plain", "data-level", "feature-level")
ROWS = (*_PAPER, *(method for method in get_args(Method) if method not in _PAPER), *CONTROLS)
"""All rows, those of the paper's Table II first and in its order."""


def check_rows(names: Sequence[str]) -> tuple[str, ...]:
    """`names`, or all rows for none, each once and in the order of ROWS. Raises ConfigError for an unknown one."""
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise ConfigError(f"--method must be one of {', '.join(ROWS)}, received {unknown[0]!r}")
    return tuple(row for row in ROWS if row in names or not names)


def method_of(row: str) -> str:
    """The method that a row trains."""
    return CONTROLS.get(row, row)


def learnt(
    row: str,
    data: TrainingData,
    config: TrainConfig,
    folder: Path,
    fabric: Fabric,
    on_epoch: Callable[[Epoch], None],
) -> TwoStepTraining:
    """The training of a row at its end. `folder` keeps the checkpoints that it shares with the seed's other rows."""
    kind = _Continued if row == "continued" else TwoStepTraining
    training = kind(data, config.having(method=method_of(row)), fabric)
    names = ["continued" if row == "continued" and step == "feature" else step for step in training.steps]
    for count in range(len(names), 0, -1):
        path, digest = _checkpoint(folder, names[:count], data)
        if path.exists():
            training.resume(read_checkpoint(path, digest))
            break
    for epoch, checkpoint in training.run(lambda images: None):
        path, digest = _checkpoint(folder, names[: training.steps.index(checkpoint.step) + 1], data)
        write_checkpoint(path, checkpoint, digest)
        on_epoch(epoch)
    return training


class _Continued(TwoStepTraining):
    """Feature-level learning without its loss: the same batches and changes of the images, L_CE alone."""

    def _second_loss(self) -> Loss:
        return cross_entropy(self.config.regularization)


def _checkpoint(folder: Path, steps: Sequence[str], data: TrainingData) -> tuple[Path, str]:
    """Where the state within the last of `steps` lies, and the digest of what they learn from."""
    digest = hashlib.sha256(data.fingerprint.encode() + data.part.tobytes())
    learnt_from = [data.coarse] if steps[-1] == "coarse" else [data.coarse, data.fine]
    for labelled in learnt_from:
        digest.update("\n".join(labelled.ids).encode(errors="replace") + labelled.labels.tobytes())
        for others in labelled.others.values():
            digest.update(np.ascontiguousarray(others).tobytes())
    return folder / f"{'+'.join(steps)}-{digest.hexdigest()[:12]}.safetensors", digest.hexdigest()
