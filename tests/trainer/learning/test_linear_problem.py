"""Linear classifiers from fine and coarse labels, against scikit-learn and a loss worked by hand."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from lsl_trainer.learning.linear_problem import LinearProblem, fit_linear, principal_axes


def points(count: int = 120, size: int = 6, classes: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = np.random.default_rng(0)
    labels = np.arange(count) % classes
    middles = generator.normal(size=(classes, size))
    found = middles[labels] + generator.normal(size=(count, size))
    return torch.from_numpy(found.astype(np.float32)), torch.from_numpy(labels)


def allowed_by(labels: torch.Tensor, classes: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(labels, classes).bool()


def test_fine_labels_alone_are_logistic_regression() -> None:
    features, labels = points()
    problem = LinearProblem(features, labels, allowed_by(labels, 4), partial_weight=1.0)
    penalty = 0.01
    found = torch.softmax(fit_linear(problem, penalty).logits(features), 1).numpy()
    judge = LogisticRegression(C=1 / (2 * penalty * len(labels)), max_iter=2000, tol=1e-8)
    expected = judge.fit(features.double().numpy(), labels.numpy()).predict_proba(features.double().numpy())
    assert np.abs(found - expected).max() < 5e-3


def test_coarse_labels_count_as_worked_by_hand() -> None:
    features, labels = points()
    known = torch.arange(len(labels)) < 24
    coarse = labels // 2
    by_coarse = torch.stack([coarse == 0, coarse == 0, coarse == 1, coarse == 1], 1)
    allowed = torch.where(known[:, None], allowed_by(labels, 4), by_coarse)
    problem = LinearProblem(features, torch.where(known, labels, -1), allowed, partial_weight=0.5)
    fitted = fit_linear(problem, 0.01)

    def loss(weight: torch.Tensor, bias: torch.Tensor) -> float:
        p = torch.softmax((features @ weight + bias).double(), 1).numpy()
        fine = -np.log([p[k, labels[k]] for k in range(24)]).mean()
        partial = -np.log([p[k][by_coarse[k].numpy()].sum() for k in range(24, 120)]).mean()
        return float(fine + 0.5 * partial + 0.01 * weight.square().sum())

    least = loss(fitted.weight, fitted.bias)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        aside = 0.01 * torch.randn(fitted.weight.shape, generator=generator)
        assert loss(fitted.weight + aside, fitted.bias) > least
    alone = fit_linear(problem.part(known), 0.01)
    right = [float((one.logits(features).argmax(1) == labels)[24:].float().mean()) for one in (fitted, alone)]
    assert right[0] > right[1], "coarse labels help"


def test_order_draws_answers_near() -> None:
    features, labels = points(classes=4)
    none = torch.full_like(labels, -1)
    allowed = allowed_by(labels, 4) | (labels == 3)[:, None]
    known = torch.where(labels < 3, labels, none)
    with_order = LinearProblem(features, known, allowed, 1.0, order_weight=1.0, n_ordered=4)
    without = LinearProblem(features, known, allowed, 1.0)
    far = [
        float(((one.logits(features).softmax(1) * (labels[:, None] - torch.arange(4)).abs()).sum(1)[labels < 3]).mean())
        for one in (fit_linear(with_order, 0.01), fit_linear(without, 0.01))
    ]
    assert far[0] < far[1]


def test_axes_keep_distances_and_share_length_between_blocks() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(40, 12, generator=generator) * torch.tensor([1.0] * 4 + [100.0] * 8) + 5
    axes = principal_axes(features, (4, 8))
    standard = (features - axes.shift) * axes.scale
    lengths = [float(block.square().sum(1).mean()) for block in standard.split([4, 8], 1)]
    assert np.allclose(lengths, 0.5, atol=1e-4)
    found = axes.coordinates(features)
    assert torch.allclose(torch.cdist(found, found), torch.cdist(standard, standard), atol=1e-3)
    few = principal_axes(features[:6], (4, 8)).coordinates(features[:6])
    assert few.shape == (6, 5), "six images span five dimensions"


def test_without_any_fine_label_the_coarse_ones_are_learnt() -> None:
    features, labels = points()
    by_coarse = torch.stack([labels < 2, labels < 2, labels >= 2, labels >= 2], 1)
    problem = LinearProblem(features, torch.full_like(labels, -1), by_coarse, partial_weight=1.0)
    p = torch.softmax(fit_linear(problem, 0.001).logits(features), 1)
    expected = LogisticRegression(C=10).fit(features.numpy(), (labels < 2).numpy()).predict(features.numpy())
    assert float(((p[:, :2].sum(1) > 0.5).numpy() == expected).mean()) > 0.9
