"""What models say of images of genes that they did not learn from, when all genes are left out in turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from lsl_trainer.learning.time_head import TimeHead

__all__ = ["LeftOut", "left_out_distances", "prototypes", "scope_distances"]

_SHORTEST = 1e-12


@dataclass(frozen=True)
class LeftOut:
    """The answers for the n images that are learnt from, `TrainingData.learnt_rows`, each from a model without it."""

    rows: NDArray[np.int64]
    """(n,): which of the images they are."""
    folds: NDArray[np.int64]
    """(n,): the fold that left each out."""
    logits: NDArray[np.float32]
    """(n, K + A): of the fine classes, and of A coarse classes without fine ones, as far as the model knows them."""
    distances: NDArray[np.float32]
    """(n,): their scope distances."""
    time: TimeHead | None = None
    """The head for time, which was fitted to all of them; None where classes have no order."""

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.intp]:
        """Where some of the images, `rows` (m,), stand among the n."""
        return np.searchsorted(self.rows, rows)


def left_out_distances(features: Tensor, labels: NDArray[np.int64], folds: NDArray[np.int64]) -> NDArray[np.float32]:
    """The scope distances (n,) of features (n, D) that know of no label, each by the prototypes of the other folds.

    `labels` (n,) are the fine classes, −1 unknown, `folds` (n,) those of the images.
    """
    found = np.zeros(len(folds), np.float32)
    for fold in np.unique(folds):
        inside = folds == fold
        shown = torch.from_numpy(~inside)
        means = prototypes(features[shown], labels[~inside])
        found[inside] = scope_distances(features[~shown], F.normalize(means, dim=1)).numpy()
    return found


def prototypes(features: Tensor, labels: NDArray[np.int64]) -> Tensor:
    """The mean (C, D) of each class's features (N, D), each of length 1; `labels` (N,), −1 unknown."""
    unit = F.normalize(features, dim=1)
    members = [torch.from_numpy(labels == label) for label in np.unique(labels[labels >= 0])]
    return torch.stack([unit[chosen].mean(0) for chosen in members])


def scope_distances(features: Tensor, unit: Tensor) -> Tensor:
    """1 − the highest cosine (N,) of features (N, D) with prototypes of length 1 (C, D).

    `normalize` would expand the lengths to the features' shape in ONNX, which OpenCV 4 cannot run.
    """
    lengths: Tensor = torch.linalg.vector_norm(features, dim=1, keepdim=True).clamp_min(_SHORTEST)
    return 1 - (features / lengths @ unit.T).amax(1)
