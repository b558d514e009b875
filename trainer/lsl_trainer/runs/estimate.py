"""How long a training will take until its model is there, from a few batches and a little sum."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn

from lsl_trainer.frozen.fusing import fused
from lsl_trainer.learning.algorithm import TwoStepTraining

__all__ = ["estimated_seconds"]

_TURNS = 5
_LOADING = 1.1
"""What fetching and changing images, and the optimizer, add to a pass."""
_SUM = 200_000
_EXPORT, _EXPORT_A_LAYER = 100.0, 8.0
"""What export and report take whatever the network, and for each of its layers; in times of a sum in Python."""
_CHECK, _CHECK_IN_FORWARD_PASSES = 400, 1600
"""What the check of the graphs takes, in passes."""


def estimated_seconds(training: TwoStepTraining) -> float:
    """Seconds until the end of the run. Weights and random state stay as they are."""
    layers = sum(isinstance(module, (nn.Conv2d, nn.Linear)) for module in training.network.modules())
    finishing = (_EXPORT + _EXPORT_A_LAYER * layers) * _median_time(lambda: sum(n * n for n in range(_SUM)))
    check = _CHECK_IN_FORWARD_PASSES if training.frozen or training.plan.fit else _CHECK
    passes = training.total_passes * (1 + _further_trainings(training)) - training.passes_done + check
    return _seconds_a_pass(training) * passes + finishing


def _further_trainings(training: TwoStepTraining) -> int:
    """How many more calibrate it: one for each fold, where more fits are not cheap."""
    folds = training.data.folds
    return 0 if training.plan.fit or not len(folds) else int(folds.max()) + 1


def _seconds_a_pass(training: TwoStepTraining) -> float:
    """Of one image there and back, or forward alone where F does not learn; measured on grey images."""
    size, count = training.data.image_size, training.config.descent.batch_size
    images = torch.full((count, *size, 3), 0.5, device=training.network.mean.device).permute(0, 3, 1, 2)
    learns = not (training.frozen or training.plan.fit)
    network = deepcopy(training.network).train() if learns else fused(training.network)
    _pass(network, images, learns)
    return _LOADING * _median_time(lambda: _pass(network, images, learns)) / count


def _pass(network: nn.Module, images: Tensor, learns: bool) -> None:
    with torch.set_grad_enabled(learns):
        logits = network(images)[0]
        if learns:
            logits.sum().backward()


def _median_time(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_TURNS):
        started = time.monotonic()
        work()
        times.append(time.monotonic() - started)
    return statistics.median(times)
