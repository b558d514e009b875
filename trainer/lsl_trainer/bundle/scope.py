"""How far an image lies from all that was trained on: other species, damaged embryos, other things altogether."""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from lsl_trainer.calibration.temperature import MIN_IMAGES
from lsl_trainer.data.batch import Labelled
from lsl_trainer.learning.features import features_of
from lsl_trainer.learning.left_out import LeftOut, prototypes, scope_distances
from lsl_trainer.networks.residual import Network

__all__ = ["Scope", "fit_scope"]

_QUANTILE = 0.95


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
        """The distances of a batch."""
        return scope_distances(features, self.prototypes)


def fit_scope(network: Network, trained: Labelled, held: Labelled, left_out: LeftOut | None = None) -> Scope | None:
    """The prototypes of the classes of `trained`, and the threshold from images that were not learnt from.

    These are those of `held`, or, where all genes were left out in turn, `trained` itself. None where they are fewer
    than MIN_IMAGES.
    """
    labelled = trained.rows[trained.labels >= 0]
    if len(labelled if left_out else held) < MIN_IMAGES:
        return None
    scope = Scope(prototypes(features_of(network, trained), trained.labels))
    scope.threshold = float(np.quantile(_distances(network, scope, held, labelled, left_out), _QUANTILE))
    return scope


def _distances(
    network: Network, scope: Scope, held: Labelled, labelled: NDArray[np.int64], left_out: LeftOut | None
) -> NDArray[np.float32]:
    if left_out:
        return left_out.distances[left_out.places(labelled)]
    found: NDArray[np.float32] = scope(features_of(network, held)).numpy()
    return found
