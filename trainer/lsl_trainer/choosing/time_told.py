"""Which of the candidates that chance sets apart has features that tell most of time."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import torch

from lsl_trainer.choosing.candidate import Candidate
from lsl_trainer.choosing.features import Layer, SharedFeatures
from lsl_trainer.choosing.telling import Tried
from lsl_trainer.learning.linear_problem import principal_axes
from lsl_trainer.learning.time_head import IntervalLabels, left_out_cost

__all__ = ["ask_for_time"]


def ask_for_time(found: list[Tried], features: SharedFeatures, labels: IntervalLabels) -> None:
    """Puts into `found` how badly the features of each candidate tell of time, of those near the best one.

    Features differ by their layers alone here; `labels` are those of all images that `features` has. Nothing is asked
    where all of them have the same layers.
    """
    best = max((one for one in found if one.marks), key=lambda one: one.score)
    near = {
        place: _layers(one.candidate)
        for place, one in enumerate(found)
        if one.marks and best.marks and not best.marks.surpasses(one.marks)
    }
    if len(set(near.values())) < 2:
        return

    @cache
    def cost(layers: tuple[Layer, ...]) -> float:
        values = torch.cat(features.of(1, 0, layers), 1)
        return left_out_cost(principal_axes(values, features.sizes(1, layers)).coordinates(values), labels)

    for place, layers in near.items():
        found[place] = replace(found[place], time=cost(layers))


def _layers(candidate: Candidate) -> tuple[Layer, ...]:
    """Those of a linear candidate."""
    settings = candidate.settings
    cells, kind = settings["feature_cells"], settings["feature_kind"]
    return tuple(Layer(block, cells, kind) for block in settings["feature_blocks"])
