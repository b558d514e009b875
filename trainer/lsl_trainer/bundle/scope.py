"""How far an image lies from all that was trained on: other species, damaged embryos, other things altogether."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from lsl_trainer.calibration.temperature import MIN_IMAGES
from lsl_trainer.data.batch import Labelled
from lsl_trainer.learning.features import features_of
from lsl_trainer.networks.residual import Network

__all__ = ["Scope", "fit_scope", "scope_threshold"]

_QUANTILE = 0.95
_BATCH = 64


class Scope(nn.Module):
    """Features (B, D) → scope distance (B,) in 0..2: 1 − max_c cos(F(x), F̄_c), F̄_c the prototype of class c.

    The cosine is the similarity of the paper's eq. 4; the prototype is the mean of a class's features, each of length
    1. On features of the two-step network it parts the known from the unknown as well as the nearest training images
    do, and better than Mahalanobis distances, at K products an image.
    """

    prototypes: Tensor

    def __init__(self, prototypes: Tensor) -> None:
        """`prototypes`: float32 (C, D), one for each class that was trained on; their lengths do not matter."""
        super().__init__()
        self.register_buffer("prototypes", F.normalize(prototypes, dim=1))

    def forward(self, features: Tensor) -> Tensor:
        return 1 - (F.normalize(features, dim=1) @ self.prototypes.T).amax(1)


def fit_scope(network: Network, data: Labelled) -> Scope:
    """The prototypes of the classes of `data`, from unaugmented images in eval mode."""
    unit = F.normalize(features_of(network, data), dim=1)
    members = [torch.from_numpy(data.labels == label) for label in np.unique(data.labels[data.labels >= 0])]
    return Scope(torch.stack([unit[chosen].mean(0) for chosen in members]))


def scope_threshold(distances: NDArray[np.floating]) -> float | None:
    """The distance (N,) that 95 % of held-out images of known classes stay within; None under MIN_IMAGES of them."""
    return float(np.quantile(distances, _QUANTILE)) if len(distances) >= MIN_IMAGES else None
