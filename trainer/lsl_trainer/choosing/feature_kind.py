"""Which kind of features of a backbone that does not learn: what tells left-out training genes best.

Each kind, of the same block, gets a linear classifier, cross-validated by gene inside the training part; neither test
nor calibration images are looked at. Penalties are chosen alike for each, so that none has an advantage. For terms and
further tasks, `kind_by_tasks` does the same by ridge regression.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from lsl_trainer.choosing.candidate import Candidate
from lsl_trainer.choosing.choice import Choice
from lsl_trainer.choosing.choose import Watch
from lsl_trainer.choosing.features import SharedFeatures
from lsl_trainer.choosing.kind_by_tasks import choose_by_tasks
from lsl_trainer.choosing.linear_candidates import PENALTIES, kinds_to_try, try_linear
from lsl_trainer.choosing.parts import folds_of_genes, sampled
from lsl_trainer.choosing.sight import look
from lsl_trainer.choosing.telling import Tried, choice_of
from lsl_trainer.choosing.yardstick import Yardstick
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.backbones import HUGGING_FACE
from lsl_trainer.learning.known_classes import linear_problem
from lsl_trainer.networks.block_output import CELLS
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.method import find_method

__all__ = ["choose_kind", "leaves_kind_open"]


def leaves_kind_open(config: TrainConfig) -> bool:
    """Whether a kind is to be chosen: nobody named one, for a backbone of transformers that does not learn."""
    transfer = config.transfer
    fixed = find_method(config.method).needs_backbone or (transfer.freeze and not transfer.transfer_blocks)
    return fixed and transfer.feature_kind == "auto" and transfer.backbone.startswith(HUGGING_FACE)


def choose_kind(
    data: TrainingData, config: TrainConfig, device: torch.device, features: Path | None, watch: Watch
) -> Choice:
    """The kind that suits the training images of `data`; their features are kept in the folder `features`."""
    small = sampled(data, config.seed)
    folds = folds_of_genes(Yardstick.of(small).groups)
    if len(np.unique(folds)) < 2:
        return _untried("a single group of images")
    backbone = config.transfer.backbone
    shared = SharedFeatures(small, config, (), device, features, watch.on_images)
    watch.on_trial(f"which features of {backbone}", len(folds))
    yardstick, tries = Yardstick.of(small), kinds_to_try(backbone, shared, config.transfer.enlarge)
    if not data.first or data.further:
        chosen = choose_by_tasks(tries, shared, small, yardstick.groups)
        return chosen or _untried("no term that three groups carry")
    problem = linear_problem(small, config.constrained)
    found = []
    for one in tries:
        marks = [marks for _, marks in try_linear(one, PENALTIES, shared, problem, yardstick, folds)]
        best = max(marks, key=lambda each: each.score)
        found.append(Tried(Candidate(f"features {one.kind}", {"feature_kind": one.kind}), best))
    return choice_of(look(data, device), found, folds == 0, "")


def _untried(seen: str) -> Choice:
    told = (
        f"seen: {seen}",
        "tried: no kinds of features, for there is nothing to leave out that would tell",
        f"chosen: features {CELLS}; --feature-kind names another kind",
    )
    return Choice(f"features {CELLS}", {"feature_kind": CELLS}, told, ())
