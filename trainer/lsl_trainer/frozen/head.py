"""A training whose F is frozen: the head alone learns, from features computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.frozen.features import FrozenFeatures
from lsl_trainer.frozen.view import views_of
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.groups import Augmentation

__all__ = ["FROZEN_VIEWS", "HeadOnFeatures", "answering", "images_to_compute", "is_frozen", "on_features"]


FROZEN_VIEWS = 1
"""How many views of each training image a head learns from: changed ones have brought nothing (BENCHMARKS.md)."""
_LEARNT = ("coarse", "fine", "constrained")
_ASKED = ("coarse_aside", "fine_aside", "calibration", "test", "held")


class HeadOnFeatures(Network):
    """The head of a network, and whatever learns beside it, over features (B, D) in place of images."""

    def __init__(self, network: Network) -> None:
        """Shares head and weights of losses with `network`."""
        super().__init__(nn.Identity(), network.head.in_features, 1)
        self.head, self.log_variances, self.rate_scales = network.head, network.log_variances, network.rate_scales
        self.mean, self.std = network.mean, network.std

    def features(self, images: Tensor) -> Tensor:
        """The features (B, D) that stand in the place of the images."""
        return images


def answering(network: Network, data: TrainingData, folder: Path | None) -> tuple[Network, TrainingData]:
    """What answers for the images of `data` as `network` does, and what it is asked with.

    Where F does not learn, that is the head, and features, which `folder` holds or gets; else what was given.
    """
    if folder is None or not list(network.body.parameters()) or not is_frozen(network):
        return network, data
    return HeadOnFeatures(network), on_features(data, FrozenFeatures(network, folder), Augmentation(), 1)


def is_frozen(network: Network) -> bool:
    """Whether no weight of F learns."""
    return not any(parameter.requires_grad for parameter in network.body.parameters())


def on_features(
    data: TrainingData,
    features: FrozenFeatures,
    changes: Augmentation,
    views: int,
    on_images: Callable[[int], None] = lambda count: None,
) -> TrainingData:
    """The same data with features in the place of images: `views` of those to learn from, one of the others."""
    learnt, asked = _rows(data, _LEARNT), _rows(data, _ASKED)
    pixels = data.fine.images
    of_learnt = [features.of(pixels, learnt, view=view, on_images=on_images) for view in views_of(changes, views)]
    of_asked = [features.of(pixels, asked, on_images=on_images)] if len(asked) else of_learnt
    sets: dict[str, Any] = {name: _moved(getattr(data, name), of_learnt, learnt) for name in _LEARNT}
    sets |= {name: _moved(getattr(data, name), of_asked, asked) for name in _ASKED}
    return replace(data, **sets)


def images_to_compute(data: TrainingData, views: int) -> int:
    """How many images `on_features` counts."""
    return views * len(_rows(data, _LEARNT)) + len(_rows(data, _ASKED))


def _rows(data: TrainingData, sets: Sequence[str]) -> NDArray[np.int64]:
    """The rows of all images in these sets, in order, each once."""
    return np.unique(np.concatenate([getattr(data, name).rows for name in sets]))


def _moved(images: Labelled, views: Sequence[NDArray[np.float32]], rows: NDArray[np.int64]) -> Labelled:
    """The labelled images with the features of images `rows` (n,) in place of pixels; `views` are V of (n, D)."""
    features: Any = np.stack(views, axis=1)  # (n, V, D)
    return replace(images, images=features, rows=np.searchsorted(rows, images.rows))
