"""Networks that learn, from scratch or from a backbone on: which there are for a store, and a trial of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from lightning_fabric import Fabric
from numpy.typing import NDArray

from lsl_trainer.choosing.candidate import Candidate, candidate_config
from lsl_trainer.choosing.cost import flops_of, seconds_of
from lsl_trainer.choosing.parts import only
from lsl_trainer.choosing.sight import Sight
from lsl_trainer.choosing.yardstick import Marks, Yardstick
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.presets import PRESETS

__all__ = ["learnt_candidates", "tried"]

_KINDS = ("epochs", "descent", "regularization", "references", "constrained", "augmentation")
_RECIPE = {name: value for kind in _KINDS for name, value in vars(getattr(PRESETS["modern"], kind)).items()}
"""That of the preset modern: averaged weights, dropout, clipped gradients."""
_TURNED = {"flip": True, "rotation": 30.0, "scale": 0.1}
_FINE_TUNED = {"learning_rate": 0.001, "layer_decay": 0.9, "coarse_epochs": 6, "fine_epochs": 20}
_LEAST_BATCHES, _MOST_EPOCHS = 800, 200
"""In all, of method plain: a store of few images is passed more often."""


def learnt_candidates(
    data: TrainingData, sight: Sight, config: TrainConfig, backbone: str, turned: bool
) -> list[Candidate]:
    """From scratch, and from the `backbone` on if there is one; `turned`: the images have no top and no left."""
    found = [_candidate("from scratch", data, sight, config, {}, turned)]
    if backbone:
        settings = {"backbone": backbone, **_FINE_TUNED, "constrained_epochs": 20}
        found.append(_candidate(f"{backbone} learning on", data, sight, config, settings, turned))
    return found


def tried(
    candidate: Candidate,
    data: TrainingData,
    config: TrainConfig,
    yardstick: Yardstick,
    held: NDArray[np.int64],
    fabric: Fabric,
    on_images: Callable[[int], None] = lambda count: None,
) -> Marks:
    """Trains a candidate without the images `held`, places in `data.learnt_rows`, and asks it about them."""
    rows = data.learnt_rows
    shown = only(data, np.delete(rows, held))
    training = TwoStepTraining(shown, candidate_config(config, candidate), fabric)
    for _ in training.run(on_images):
        pass
    logits = logits_of(training.network, data.fine.images, rows[held])[:, : yardstick.classes]
    return yardstick.marks(held, logits.argmax(1).numpy())


def _candidate(
    name: str, data: TrainingData, sight: Sight, config: TrainConfig, special: dict[str, Any], turned: bool
) -> Candidate:
    method = "coarse-constrained" if sight.coarse_helps else "plain"
    settings = {"method": method, **_RECIPE, **special, **(_TURNED if turned else {})}
    if method == "plain":
        batches = -(-sight.fine // settings["batch_size"])
        settings["fine_epochs"] = min(_MOST_EPOCHS, max(settings["fine_epochs"], -(-_LEAST_BATCHES // batches)))
    training = TwoStepTraining(data, candidate_config(config, Candidate(name, settings)))
    flops = flops_of(training.network, data.image_size)
    seconds = seconds_of(sight, flops, training.total_passes, learns=True)
    return Candidate(f"{name}, {method}{', turned' if turned else ''}", settings, seconds, training.total_images)
