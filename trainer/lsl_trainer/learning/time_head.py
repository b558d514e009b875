"""The head for time: a distribution over places among classes in order, learnt from labels that are intervals.

Its log-density is linear in the features and piecewise linear over time, with a node at each end and each middle of a
class. A label, fine or coarse, says that the place lies within some classes; what is minimized is −log of the density
inside these, plus penalties on the weights and on bends over time. Whatever lies inside a class is thus learnt from
what tells its neighbours apart.

A label says nothing about where inside its classes an image lies, so the mean of the distributions could lean to any
side. It is levelled: over all images, each part of a class is as frequent as the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lsl_shared.measures.age import CELLS, age_threshold
from lsl_shared.measures.coverage import LINE_SPREAD

__all__ = ["IntervalLabels", "TimeHead", "fit_time_head", "left_out_cost"]

_NODES = 2
"""Nodes of the log-density in each class, and one more at the end."""
_PENALTY, _BENDING, _DISTANCE = 1e-4, 3e-2, 0.1
"""Chosen on development stores (BENCHMARKS.md)."""
_ITERATIONS = 60
_AXES, _FOLDS = 256, 5
"""More bring nothing, and take longer."""
_ROUNDS = 30
_TEMPERATURES = np.geomspace(0.2, 2, 24)
_LEAST = 1e-9


@dataclass(frozen=True)
class IntervalLabels:
    """What is known of n images: the classes that their labels leave."""

    allowed: NDArray[np.bool_]
    """(n, K)"""
    fine: NDArray[np.bool_]
    """(n,): whether the label is a class of the fine task."""
    groups: NDArray[np.int64]
    """(n,): the gene of those with a fine label."""
    folds: NDArray[np.int64]
    """(n,): which fold leaves each out."""

    def part(self, chosen: NDArray[np.bool_]) -> IntervalLabels:
        """Those of some images, `chosen` (n,)."""
        return IntervalLabels(self.allowed[chosen], self.fine[chosen], self.groups[chosen], self.folds[chosen])

    @property
    def cells(self) -> NDArray[np.bool_]:
        """(n, K · CELLS)"""
        return self.allowed.repeat(CELLS, axis=1)


class TimeHead(nn.Module):
    """Features (B, D) → densities (B, K · CELLS), rows of which sum to 1."""

    def __init__(self, weight: Tensor, nodes: Tensor, offset: Tensor, threshold: float | None) -> None:
        """`weight` (D, J); `nodes` (J, K · CELLS), and `offset` (K · CELLS,): the temperature is in all three.

        `threshold` is that of the intervals, see `lsl_shared.measures.age`.
        """
        super().__init__()
        self.threshold = threshold
        self.weight, self.nodes, self.offset = (nn.Parameter(one, False) for one in (weight, nodes, offset))

    def forward(self, features: Tensor) -> Tensor:
        """The densities of a batch."""
        found: Tensor = (features @ self.weight @ self.nodes + self.offset).softmax(1)
        return found


def fit_time_head(
    coordinates: Tensor, labels: IntervalLabels, axes: Tensor, coverage: float, line_spread: float = LINE_SPREAD
) -> TimeHead:
    """The head for features whose `coordinates` float32 (n, d) are those on `axes` (D, d).

    Temperature, levels and threshold come from heads that have not seen the gene.
    """
    coordinates, labels = _seen(coordinates, labels)
    axes, left_out = axes[:, :_AXES], _left_out(coordinates, labels)
    temperature = _temperature(left_out, labels)
    density = _softmax(left_out / temperature)
    level = _levels(density, labels)
    levelled = density * np.exp(level)
    levelled /= levelled.sum(1, keepdims=True)
    classes = labels.allowed[labels.fine].argmax(1)
    threshold = age_threshold(
        levelled[labels.fine], classes, labels.groups[labels.fine], coverage, line_spread,
        _frequency(levelled, labels), crossed=True,
    )  # fmt: skip
    weight, bias, _ = _fit(coordinates, labels)
    nodes = _basis(labels.allowed.shape[1]).T / temperature
    return TimeHead(axes @ weight, nodes, bias @ nodes + torch.from_numpy(level).float(), threshold)


def left_out_cost(coordinates: Tensor, labels: IntervalLabels) -> float:
    """−log of what lies inside the labels of genes that a head has not seen: the means of fine and coarse ones, added.

    The less, the more do features tell of time. `coordinates` are float32 (n, d).
    """
    coordinates, labels = _seen(coordinates, labels)
    scores = _left_out(coordinates, labels)
    inside = (_softmax(scores / _temperature(scores, labels)) * labels.cells).sum(1)
    return sum(-float(np.log(inside[part] + _LEAST).mean()) for part in (labels.fine, ~labels.fine) if part.any())


def _seen(coordinates: Tensor, labels: IntervalLabels) -> tuple[Tensor, IntervalLabels]:
    """Without images that labels put nowhere, on the first axes."""
    seen = np.asarray(labels.allowed.any(1))
    return coordinates[torch.from_numpy(seen), :_AXES], labels.part(seen)


def _left_out(coordinates: Tensor, labels: IntervalLabels) -> NDArray[np.float64]:
    """Log-densities (n, K · CELLS), each from a head that has not seen the gene."""
    found, folds = np.empty((len(labels.fine), labels.allowed.shape[1] * CELLS)), labels.folds % _FOLDS
    for fold in np.unique(folds):
        held = np.asarray(folds == fold)
        answer = _fit(coordinates[torch.from_numpy(~held)], labels.part(~held))[2]
        found[held] = answer(coordinates[torch.from_numpy(held)]).double().numpy()
    return found


def _basis(classes: int) -> Tensor:
    """(K · CELLS, J): the value at each cell of a line between nodes, for each node."""
    places = (np.arange(classes * CELLS) + 0.5) / CELLS
    nodes = np.arange(classes * _NODES + 1) / _NODES
    return torch.from_numpy(np.stack([np.interp(places, nodes, one) for one in np.eye(len(nodes))], 1)).float()


def _fit(coordinates: Tensor, labels: IntervalLabels) -> tuple[Tensor, Tensor, Callable[[Tensor], Tensor]]:
    """Weights (d, J) and bias (J,) with the least loss, and what makes log-densities (n, K · CELLS) of coordinates."""
    basis, fine = _basis(labels.allowed.shape[1]), torch.from_numpy(labels.fine)
    inside, distance = torch.from_numpy(labels.cells), _distances(labels)
    gram = basis.T @ basis / CELLS
    weight = coordinates.new_zeros(coordinates.shape[1], basis.shape[1]).requires_grad_()
    bias = coordinates.new_zeros(basis.shape[1]).requires_grad_()
    descent = torch.optim.LBFGS(
        [weight, bias], max_iter=_ITERATIONS, history_size=10, line_search_fn="strong_wolfe", tolerance_change=1e-7
    )

    def loss() -> Tensor:
        descent.zero_grad()
        scores = (coordinates @ weight + bias) @ basis.T
        logs = scores.log_softmax(1)
        missed = -logs.masked_fill(~inside, -torch.inf).logsumexp(1)
        bends = (scores[:, 2:] - 2 * scores[:, 1:-1] + scores[:, :-2]) * CELLS**2
        total = _PENALTY * ((weight @ gram) * weight).sum() + _BENDING * bends.square().mean()
        total = total + _DISTANCE * (logs.exp() * distance).sum(1).mean()
        for chosen in (fine, ~fine):
            if chosen.any():
                total = total + missed[chosen].mean()
        total.backward()
        return total

    with torch.enable_grad():
        descent.step(loss)
    weight, bias = weight.detach(), bias.detach()
    return weight, bias, lambda asked: (asked @ weight + bias) @ basis.T


def _distances(labels: IntervalLabels) -> Tensor:
    """How far each cell lies from the nearest one that the labels leave, (n, K · CELLS), in classes."""
    cells, place = labels.cells, np.arange(labels.allowed.shape[1] * CELLS)
    unique, which = np.unique(cells, axis=0, return_inverse=True)
    found = np.stack([np.abs(place[:, None] - np.flatnonzero(one)).min(1) / CELLS for one in unique])
    return torch.from_numpy(found[which.reshape(-1)]).float()


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(found / found.sum(1, keepdims=True))


def _temperature(scores: NDArray[np.float64], labels: IntervalLabels) -> float:
    """The temperature with the least −log of what lies inside the fine labels."""
    scores, inside = scores[labels.fine], labels.cells[labels.fine]
    costs = [-np.log((_softmax(scores / one) * inside).sum(1) + _LEAST).mean() for one in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(costs))])


def _levels(density: NDArray[np.float64], labels: IntervalLabels) -> NDArray[np.float64]:
    """What is to be added to the logarithm of each cell (K · CELLS,) so that all parts of a class are as frequent.

    Of each image counts what its label leaves.
    """
    level, inside = np.zeros(density.shape[1]), labels.cells
    for _ in range(_ROUNDS):
        shares = density * np.exp(level) * inside
        shares /= shares.sum(1, keepdims=True) + _LEAST
        mean = np.log(shares.sum(0).reshape(-1, CELLS) + _LEAST)
        level -= 0.7 * (mean - mean.mean(1, keepdims=True)).ravel()
    return level


def _frequency(density: NDArray[np.float64], labels: IntervalLabels) -> NDArray[np.float64]:
    """How often images are of each class, (K,), by what their labels leave of each density."""
    inside = density * labels.cells
    shares = inside / (inside.sum(1, keepdims=True) + _LEAST)
    return np.asarray(shares.mean(0).reshape(-1, CELLS).sum(1))
