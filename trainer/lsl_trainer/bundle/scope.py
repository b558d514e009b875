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

__all__ = ["Scope", "fit_scope"]

_QUANTILE = 0.95
_SHORTEST = 1e-12
"""Features that are shorter count as so long, as in PyTorch's `normalize`."""


class Scope(nn.Module):
    """Features (B, D) → scope distance (B,) in 0..2: 1 − max_c cos(F(x), F̄_c), F̄_c the prototype of class c.

    The cosine is the similarity of the paper's eq. 4; the prototype is the mean of a class's features, each of length
    1. On features of the two-step network it parts the known from the unknown as well as the nearest training images
    do, and better than Mahalanobis distances, at K products an image.
    """

    prototypes: Tensor

    def __init__(self, prototypes: Tensor, threshold: float = 2.0) -> None:
        """`prototypes`: float32 (C, D), one for each class that was trained on; their lengths do not matter.

        `threshold`: the distance that 95 % of held-out images of known classes stay within.
        """
        super().__init__()
        self.threshold = threshold
        self.register_buffer("prototypes", F.normalize(prototypes, dim=1))

    def forward(self, features: Tensor) -> Tensor:
        """`normalize` would expand the lengths to the features' shape in ONNX, which OpenCV 4 cannot run."""
        lengths: Tensor = torch.linalg.vector_norm(features, dim=1, keepdim=True).clamp_min(_SHORTEST)
        return 1 - (features / lengths @ self.prototypes.T).amax(1)


def fit_scope(network: Network, trained: Labelled, held: Labelled) -> Scope | None:
    """The prototypes of the classes of `trained`, and the threshold from the images of `held`, all unaugmented.

    None where fewer than MIN_IMAGES images were held out to set the threshold.
    """
    if len(held) < MIN_IMAGES:
        return None
    learnt, kept = (features_of(network, images) for images in (trained, held))
    scope = Scope(_prototypes(learnt, trained.labels))
    scope.threshold = float(np.quantile(scope(kept).numpy(), _QUANTILE))
    return scope


def _prototypes(features: Tensor, labels: NDArray[np.int64]) -> Tensor:
    """The mean of each class's features (N, D), each of length 1; `labels` (N,), −1 unknown."""
    unit = F.normalize(features, dim=1)
    members = [torch.from_numpy(labels == label) for label in np.unique(labels[labels >= 0])]
    return torch.stack([unit[chosen].mean(0) for chosen in members])
