"""Pictures of the reference sets of step two: the images that the network was told to resemble."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.reporting.figures import thumbnail

__all__ = ["ClassReferences", "reference_pictures"]

_SHOWN = 4
_SHOWN_CLASSES = 30


@dataclass(frozen=True)
class ClassReferences:
    """The reference samples of one class."""

    name: str
    n_samples: int
    """So many different images stand for the class in some set."""
    pictures: tuple[tuple[str, str, float], ...]
    """The most frequent ones: data address, id, and in what share of the sets it is."""


def reference_pictures(data: TrainingData, sets: Tensor | None) -> list[ClassReferences]:
    """The references of at most 30 classes; `sets` int64 (k, K) holds indices into D_s, -1 where a class has none."""
    if sets is None:
        return []
    columns = sets.numpy().T[:_SHOWN_CLASSES]
    return [_of_class(data, data.fine_space.classes[c], column[column >= 0]) for c, column in enumerate(columns)]


def _of_class(data: TrainingData, name: str, chosen: np.ndarray[tuple[int], np.dtype[np.int64]]) -> ClassReferences:
    found, counts = np.unique(chosen, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:_SHOWN]
    return ClassReferences(
        name,
        len(found),
        tuple(
            (thumbnail(data.fine.images[data.fine.rows[k]]), str(data.fine.ids[k]), float(count / len(chosen)))
            for k, count in zip(found[most].tolist(), counts[most], strict=True)
        ),
    )
