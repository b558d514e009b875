"""The rows of a comparison: the methods and two controls. The rows of a seed share what they have in common.

Feature-level learning begins where data-level learning ends. So the steps that two methods have in common are learnt
once. A checkpoint is kept for each sequence of steps, and a training goes on from the longest one that it has too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from lightning_fabric import Fabric
from torch import Tensor

from lsl_shared.errors import ConfigError
from lsl_trainer.data.batch import Loss
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.checkpoint import read_checkpoint, write_checkpoint
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.plan import Plan, plan_of
from lsl_trainer.learning.steps.feature import FeatureStep
from lsl_trainer.learning.steps.planned import PlannedStep
from lsl_trainer.losses.cross_entropy import cross_entropy
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.method import find_method, known_methods

__all__ = ["CONTROLS", "ROWS", "check_rows", "learnt", "method_of"]

CONTROLS = {"continued": "feature-level", "prototype": "data-level"}
"""The controls, and the method whose data and steps each has.

`continued` is data-level learning that goes on for the epochs of step two, at its rate and schedule, with L_CE alone.
`prototype` is the nearest class prototype, on the features of data-level learning."""

_PAPER = ("gabor", "plain", "data-level", "feature-level")
ROWS = (*_PAPER, *(method for method in known_methods() if method not in _PAPER), *CONTROLS)
"""All rows. Those of the paper's Table II come first, in its order."""


def check_rows(names: Sequence[str]) -> tuple[str, ...]:
    """`names` in the order of ROWS, each once; all that need no backbone if there are none. ConfigError."""
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise ConfigError(f"--method must be one of {', '.join(ROWS)}, received {unknown[0]!r}")
    usual = [row for row in ROWS if not find_method(method_of(row)).needs_backbone]
    return tuple(row for row in ROWS if row in (names or usual))


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
    """The training of a row at its end. `folder` holds the checkpoints that the rows of a seed share."""
    training = TwoStepTraining(data, config.having(method=method_of(row)), fabric, _PLANS.get(row))
    for count in range(len(training.planned), 0, -1):
        path, digest = _checkpoint(folder, training.planned[:count], data)
        if path.exists():
            training.resume(read_checkpoint(path, digest))
            break
    for epoch, checkpoint in training.run(lambda images: None):
        path, digest = _checkpoint(folder, training.planned[: training.steps.index(checkpoint.step) + 1], data)
        write_checkpoint(path, checkpoint, digest)
        on_epoch(epoch)
    return training


class _ContinuedStep(FeatureStep):
    """Step two without its loss: the same batches and changes of the images, L_CE alone."""

    def first_loss(self, sets: Tensor) -> Loss:
        return cross_entropy(self.config.regularization, ordered=self.ordered)


def _continued(data: TrainingData, config: TrainConfig) -> tuple[PlannedStep, ...]:
    """The steps of feature-level learning, the last one without its loss."""
    *before, _ = plan_of("feature-level").steps(data, config)
    return *before, _ContinuedStep(data, config)


_PLANS: dict[str, Plan] = {"continued": replace(plan_of("feature-level"), steps=_continued)}
"""Of rows that have another plan than their method."""
_KEPT_AS: dict[type[PlannedStep], str] = {_ContinuedStep: "continued"}
"""What checkpoints call a kind of step, where it is not the step's name."""


def _checkpoint(folder: Path, steps: Sequence[PlannedStep], data: TrainingData) -> tuple[Path, str]:
    """Where the state within the last of `steps` lies, and the digest of what they learn from."""
    digest = hashlib.sha256(data.fingerprint.encode() + data.part.tobytes())
    together = [data.constrained] if len(data.constraints) > 1 else []
    learnt_from = [data.coarse, data.fine, *together] if steps[-1].fine_labels else [data.coarse]
    for labelled in learnt_from:
        digest.update("\n".join(labelled.ids).encode(errors="replace") + labelled.labels.tobytes())
        for others in labelled.others.values():
            digest.update(np.ascontiguousarray(others).tobytes())
    names = [_KEPT_AS.get(type(step), step.name) for step in steps]
    return folder / f"{'+'.join(names)}-{digest.hexdigest()[:12]}.safetensors", digest.hexdigest()
