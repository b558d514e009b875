"""The head for time of a network whose F does not learn: fitted to its features when all else is done."""

from __future__ import annotations

import numpy as np
import torch

from lsl_trainer.data.split import group_folds
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.known_classes import linear_problem
from lsl_trainer.learning.linear_problem import principal_axes
from lsl_trainer.learning.time_head import TimeHead, fit_time_head
from lsl_trainer.learning.time_labels import has_time, interval_labels
from lsl_trainer.settings.config import TrainConfig

__all__ = ["frozen_time_head"]

_FOLDS = 5


def frozen_time_head(data: TrainingData, config: TrainConfig) -> TimeHead | None:
    """The head for features that stand in the place of images, `data.fine.images` float32 (n, 1, D).

    None for classes that have no time, and where all labels are of one gene.
    """
    rows = data.learnt_rows
    if not has_time(data) or len(np.unique(data.fine.groups[data.fine.labels >= 0])) < _FOLDS:
        return None
    groups = np.zeros(len(rows), np.int64)
    for known in (data.coarse, data.constrained, data.fine):
        groups[np.searchsorted(rows, known.rows)] = known.groups
    labels = interval_labels(linear_problem(data, config.constrained), data, group_folds(groups, _FOLDS))
    features = torch.from_numpy(data.fine.images[rows, 0])
    axes, settings = principal_axes(features, [features.shape[1]]), config.labels
    scaled = axes.scale[:, None] * axes.axes
    head = fit_time_head(axes.coordinates(features), labels, scaled, settings.coverage, settings.line_spread)
    with torch.no_grad():
        head.offset.sub_(axes.shift @ head.weight @ head.nodes)
    return head
