"""Linear classifiers from fine and coarse labels, in the few coordinates that the training images span.

What is minimized, with p = softmax(W x + b): the mean of −log p_y over images with a fine label y, plus a weight times
the mean of −log Σ p_k over those with a coarse one alone, k being the fine classes that it allows, plus a penalty times
‖W‖². Ordered classes also pay for the expected distance from what the label allows. All images count at once (L-BFGS),
so the answer depends on no order and no random number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from lsl_trainer.losses.partial_labels import distance_loss, distances, partial_label_loss

__all__ = ["Axes", "Linear", "LinearProblem", "fit_linear", "principal_axes"]

_MOST_AXES = 512
_LEAST_DEVIATION = 0.1
_ROUNDING = 1e-7
_ITERATIONS = 100


@dataclass(frozen=True)
class Axes:
    """Where features are brought to before they are classified."""

    shift: Tensor
    scale: Tensor
    """(D,): features less `shift`, times `scale`, have mean 0 and a mean squared length of 1."""
    axes: Tensor
    """(D, d): their principal axes, orthonormal."""

    def coordinates(self, features: Tensor) -> Tensor:
        """(N, D) → (N, d)"""
        return ((features - self.shift) * self.scale) @ self.axes


@dataclass(frozen=True)
class LinearProblem:
    """What a linear classifier is fitted to."""

    coordinates: Tensor
    """float32 (N, d)"""
    labels: Tensor
    """int64 (N,), −1 unknown."""
    allowed: Tensor
    """bool (N, K): the classes that the labels allow."""
    partial_weight: float
    """Of images without a fine label."""
    order_weight: float = 0.0
    """Of the expected distance from what is allowed; 0 for classes without order."""
    n_ordered: int = 0
    """How many classes, the first ones, are in order."""

    def repeated(self, times: int, coordinates: Tensor) -> LinearProblem:
        """The same labels `times` over, for the `coordinates` (times · N, d) of so many views of the images."""
        return replace(
            self,
            coordinates=coordinates,
            labels=self.labels.repeat(times),
            allowed=self.allowed.repeat(times, 1),
        )

    def to(self, device: torch.device) -> LinearProblem:
        """The same on a device."""
        return replace(
            self,
            coordinates=self.coordinates.to(device),
            labels=self.labels.to(device),
            allowed=self.allowed.to(device),
        )

    def part(self, chosen: Tensor) -> LinearProblem:
        """Some of the images, `chosen` bool (N,)."""
        return replace(
            self,
            coordinates=self.coordinates[chosen],
            labels=self.labels[chosen],
            allowed=self.allowed[chosen],
        )


@dataclass(frozen=True)
class Linear:
    """A linear classifier."""

    weight: Tensor
    """(d, K)"""
    bias: Tensor
    """(K,)"""

    def to(self, device: torch.device) -> Linear:
        """The same on a device."""
        return Linear(self.weight.to(device), self.bias.to(device))

    def logits(self, coordinates: Tensor) -> Tensor:
        """(N, d) → (N, K)"""
        return coordinates @ self.weight + self.bias


def principal_axes(features: Tensor, sizes: Sequence[int], most: int = _MOST_AXES) -> Axes:
    """Shift, scale and axes from the features (N, D) of training images; `sizes` are those of their blocks.

    A deviation counts at least a tenth of its block's mean deviation, so that features stay small which are almost
    always zero. Every block gets the same share of the squared length.
    """
    shift, scales = features.mean(0), []
    for block in features.split(list(sizes), 1):
        deviation = block.std(0, correction=0)
        deviation = deviation.clamp(min=max(_LEAST_DEVIATION * float(deviation.mean()), 1e-12))
        length = ((block - block.mean(0)) / deviation).square().sum(1).mean().sqrt()
        scales.append(1 / (deviation * length.clamp(min=1e-12) * len(sizes) ** 0.5))
    scale = torch.cat(scales)
    return Axes(shift, scale, _axes((features - shift) * scale, most))


def _axes(standard: Tensor, most: int) -> Tensor:
    """The first principal axes (D, d) of (N, D), by way of the smaller of the two products."""
    if standard.shape[0] >= standard.shape[1]:
        values, vectors = torch.linalg.eigh((standard.T @ standard).double())
        kept = values > _ROUNDING * values[-1]
        found: Tensor = vectors[:, kept].flip(1)[:, :most].float()
        return found
    values, vectors = torch.linalg.eigh((standard @ standard.T).double())
    kept = values > _ROUNDING * values[-1]
    axes: Tensor = standard.T.double() @ (vectors[:, kept] / values[kept].sqrt()).flip(1)[:, :most]
    return axes.float()


def fit_linear(problem: LinearProblem, penalty: float, start: Linear | None = None) -> Linear:
    """The classifier with the least loss; `start` is one for another penalty, to begin with."""
    classes = problem.allowed.shape[1]
    weight = start.weight.clone() if start else problem.coordinates.new_zeros(problem.coordinates.shape[1], classes)
    bias = start.bias.clone() if start else problem.coordinates.new_zeros(classes)
    variables = [weight.requires_grad_(), bias.requires_grad_()]
    descent = torch.optim.LBFGS(
        variables, max_iter=_ITERATIONS, history_size=10, line_search_fn="strong_wolfe", tolerance_change=1e-7
    )
    known = problem.labels >= 0
    inside = ~known & ~problem.allowed.all(1)
    distance = distances(problem.allowed[:, : problem.n_ordered]) if problem.order_weight else None

    def loss() -> Tensor:
        descent.zero_grad()
        logits = problem.coordinates @ weight + bias
        total = penalty * weight.square().sum()
        if known.any():
            total = total + F.cross_entropy(logits[known], problem.labels[known])
        if inside.any():
            partial = partial_label_loss(logits[inside], problem.allowed[inside]).mean()
            total = total + problem.partial_weight * partial
        if distance is not None:
            total = total + problem.order_weight * distance_loss(logits, distance).mean()
        total.backward()
        return total

    with torch.enable_grad():
        descent.step(loss)
    return Linear(weight.detach(), bias.detach())
