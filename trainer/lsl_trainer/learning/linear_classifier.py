"""Method linear: the classifier of a training, fitted to the features of its images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.frozen.features import FrozenFeatures
from lsl_trainer.learning.backbones import feature_network
from lsl_trainer.learning.known_classes import linear_problem
from lsl_trainer.learning.left_out import LeftOut, left_out_distances
from lsl_trainer.learning.linear_problem import Axes, LinearProblem, fit_linear, principal_axes
from lsl_trainer.learning.plan import Fitting
from lsl_trainer.learning.time_head import TimeHead, fit_time_head
from lsl_trainer.learning.time_labels import has_time, interval_labels
from lsl_trainer.networks.block_features import BlockFeatures
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.labels import Labels

__all__ = ["block_tensors", "fit_classifier", "turned"]

_TURNS = 4


def fit_classifier(fitting: Fitting) -> LeftOut | None:
    """Fits the head of a `block_network` to all training images, and sets the scale of its features.

    Gives what classifiers without each fold say of it, where the data have folds.
    """
    network, data, transfer = fitting.network, fitting.data, fitting.config.transfer
    body, views = cast(BlockFeatures, network.body), _TURNS if transfer.turned else 1
    cells, kinds = [transfer.feature_cells] * len(body.blocks), [transfer.kind] * len(body.blocks)

    source = feature_network(fitting.config, data.image_size).to(network.mean.device)

    def of_view(view: int) -> Tensor:
        found = block_tensors(source, body.blocks, data, fitting.folder, fitting.on_images, view, cells, kinds)
        return torch.cat(found, 1)

    found = [of_view(view) for view in range(views)]
    axes = principal_axes(found[0], body.sizes)
    coordinates = torch.cat([axes.coordinates(one) for one in found])
    problem = linear_problem(data, fitting.config.constrained).repeated(views, coordinates)
    linear = fit_linear(problem.to(network.mean.device), transfer.penalty).to(coordinates.device)
    body.set_scale(axes.shift, axes.scale)
    count = network.head.out_features
    with torch.no_grad():
        network.head.weight.copy_((axes.axes @ linear.weight)[:, :count].T)
        network.head.bias.copy_(linear.bias[:count])
    if not len(data.folds):
        return None
    logits = _left_out_logits(problem, data.folds, transfer.penalty, network.mean.device)
    labels = problem.labels[: len(data.folds)].numpy()
    distances = left_out_distances((found[0] - axes.shift) * axes.scale, labels, data.folds)
    time = _time_head(problem, axes, data, fitting.config.labels)
    return LeftOut(data.learnt_rows, data.folds, logits, distances, time)


def _time_head(problem: LinearProblem, axes: Axes, data: TrainingData, settings: Labels) -> TimeHead | None:
    """The head for time, from the first view of each image; None for classes that have none."""
    if not has_time(data):
        return None
    labels = interval_labels(problem, data, data.folds)
    coordinates = problem.coordinates[: len(data.folds)]
    return fit_time_head(coordinates, labels, axes.axes, settings.coverage, settings.line_spread)


def _left_out_logits(
    problem: LinearProblem, folds: NDArray[np.int64], penalty: float, device: torch.device
) -> NDArray[np.float32]:
    """The logits (n, K + A) of the first view of each image, from a classifier that saw none of its fold's.

    `problem` holds the views of all images one after the other; its axes know of no label.
    """
    views = len(problem.labels) // len(folds)
    logits = np.zeros((len(folds), problem.allowed.shape[1]), np.float32)
    for fold in np.unique(folds):
        held = torch.from_numpy(folds == fold)
        linear = fit_linear(problem.part(~held.repeat(views)).to(device), penalty).to(held.device)
        logits[held.numpy()] = linear.logits(problem.coordinates[: len(folds)][held]).numpy()
    return logits


def block_tensors(
    network: Network,
    blocks: Sequence[int],
    data: TrainingData,
    folder: Path | None,
    on_images: Callable[[int], None] = lambda count: None,
    view: int = 0,
    cells: Sequence[int] = (),
    kinds: Sequence[str] = (),
) -> list[Tensor]:
    """The features of each block, float32 (n, D), of `data.learnt_rows` in one of the four views of `turned`.

    `network` is a `block_network`.
    """
    source = Network(cast(BlockFeatures, network.body).body, 1, 1).to(network.mean.device)
    source.mean, source.std = network.mean, network.std  # the head counts for nothing
    images, rows = (data.fine.images, data.learnt_rows) if view == 0 else (_turned_images(data, view), None)
    features = FrozenFeatures(source, folder)
    found = features.of_blocks(images, blocks, rows, cells=cells, kinds=kinds, on_images=on_images)
    return [torch.from_numpy(one) for one in found]


def turned(images: NDArray[np.uint8], view: int) -> NDArray[np.uint8]:
    """Images (n, H, W, 3) in one of four views: square ones by quarter turns, others mirrored along their sides."""
    if images.shape[1] == images.shape[2]:
        return np.rot90(images, view, (1, 2))
    return images[:, :: -1 if view & 1 else 1, :: -1 if view & 2 else 1]


def _turned_images(data: TrainingData, view: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(turned(data.fine.images[data.learnt_rows], view))
