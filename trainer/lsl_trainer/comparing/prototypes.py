"""Nearest class prototype: what a network's features are worth without the classifier on them."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from lsl_trainer.data.batch import Labelled
from lsl_trainer.learning.features import features_of
from lsl_trainer.networks.residual import Network

__all__ = ["nearest_prototype"]


def nearest_prototype(network: Network, trained: Labelled, test: Labelled) -> NDArray[np.int64]:
    """The class of each image of `test`, int64 (N,): the one whose prototype has the highest cosine (eq. 4) with F(x).

    A class's prototype is the mean of F, each of length 1, over its images in `trained`, unaugmented, in eval mode.
    """
    features = F.normalize(features_of(network, trained), dim=1)
    labels = torch.from_numpy(trained.labels)
    classes = labels[labels >= 0].unique()
    prototypes = torch.stack([features[labels == label].mean(0) for label in classes])
    nearest = (features_of(network, test) @ F.normalize(prototypes, dim=1).T).argmax(1)
    return np.asarray(classes[nearest].numpy(), dtype=np.int64)
