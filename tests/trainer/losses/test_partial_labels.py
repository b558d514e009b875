from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from lsl_trainer.losses.partial_labels import distance_loss, distances, partial_label_loss


def drawn(images: int = 12, classes: int = 5, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(images, classes, generator=generator, dtype=torch.float64) * 3
    allowed = torch.rand(images, classes, generator=generator) < 0.4
    allowed[torch.arange(images), torch.randint(classes, (images,), generator=generator)] = True
    return logits.requires_grad_(True), allowed


def test_the_likelihood_is_the_sum_over_what_is_allowed() -> None:
    logits, allowed = drawn()
    found = partial_label_loss(logits, allowed)
    for row, (values, given) in enumerate(zip(logits.tolist(), allowed.tolist(), strict=True)):
        powers = [math.exp(value) for value in values]
        likelihood = sum(power for power, may in zip(powers, given, strict=True) if may) / sum(powers)
        assert math.isclose(found[row].item(), -math.log(likelihood), rel_tol=1e-12, abs_tol=1e-12)


def test_its_gradient_is_that_of_the_naive_formula() -> None:
    logits, allowed = drawn()
    (found,) = torch.autograd.grad(partial_label_loss(logits, allowed).sum(), logits)
    naive = -(logits.softmax(1) * allowed).sum(1).log()
    (wanted,) = torch.autograd.grad(naive.sum(), logits)
    assert torch.allclose(found, wanted, rtol=0, atol=1e-12)
    assert torch.autograd.gradcheck(lambda z: partial_label_loss(z, allowed), logits)


def test_one_allowed_class_is_the_cross_entropy_and_all_are_nothing() -> None:
    logits, _ = drawn()
    labels = torch.arange(12) % 5
    found = partial_label_loss(logits, F.one_hot(labels, 5).bool())
    assert torch.allclose(found, F.cross_entropy(logits, labels, reduction="none"))
    assert torch.allclose(partial_label_loss(logits, torch.ones(12, 5).bool()), torch.zeros(12, dtype=torch.float64))


def test_extreme_logits_stay_finite() -> None:
    logits = torch.tensor([[1000.0, -1000.0, 0.0]], requires_grad=True)
    loss = partial_label_loss(logits, torch.tensor([[False, True, True]]))
    loss.sum().backward()
    assert loss.item() == 1000
    assert logits.grad is not None and torch.isfinite(logits.grad).all()


def test_distances_are_steps_to_the_nearest_allowed_class() -> None:
    allowed = torch.tensor([[0, 1, 0, 0, 0], [1, 0, 0, 1, 1], [0, 0, 0, 0, 0]]).bool()
    assert distances(allowed).tolist() == [[1, 0, 1, 2, 3], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]]


def test_the_expected_distance_leaves_further_outputs_out() -> None:
    logits, allowed = drawn(classes=6)
    distance = distances(allowed[:, :5]).double()
    found = distance_loss(logits, distance)
    for row in range(12):
        p = [math.exp(z) for z in logits[row].tolist()]
        wanted = sum(p[k] / sum(p) * distance[row, k].item() for k in range(5))
        assert math.isclose(found[row].item(), wanted, rel_tol=1e-12)
    assert torch.autograd.gradcheck(lambda z: distance_loss(z, distance), logits)
