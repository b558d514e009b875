"""Parts of the training images: those that trials learn from, and the folds that are left out in turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lsl_trainer.data.split import group_folds
from lsl_trainer.data.training_data import TrainingData

__all__ = ["folds_of_genes", "only", "sampled"]

_MOST_IMAGES = 3000
_FOLDS, _OF_MANY, _MANY = 5, 3, 1000


def sampled(data: TrainingData, seed: int) -> TrainingData:
    """The same data with at most 3,000 images to learn from: fine labels come first, up to two thirds of them."""
    rows = data.learnt_rows
    if len(rows) <= _MOST_IMAGES:
        return data
    generator = np.random.default_rng([seed, 11])
    fine = generator.permutation(np.unique(data.fine.rows))[: 2 * _MOST_IMAGES // 3]
    others = generator.permutation(np.setdiff1d(rows, data.fine.rows))[: _MOST_IMAGES - len(fine)]
    return only(data, np.union1d(fine, others))


def only(data: TrainingData, rows: NDArray[np.int64]) -> TrainingData:
    """The same data with no images to learn from but `rows`."""
    sets = {name: getattr(data, name) for name in ("fine", "coarse", "constrained")}
    return replace(data, **{name: found.part(np.isin(found.rows, rows)) for name, found in sets.items()})


def folds_of_genes(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The fold of each image (n,), five of whole genes; three where there are more than 1,000 images."""
    return group_folds(groups, _OF_MANY if len(groups) > _MANY else _FOLDS)
