from __future__ import annotations

import math

import torch
from torch import Tensor

from lsl_trainer.losses.similarity import similarity_loss


def naive_loss(features: Tensor, references: Tensor, labels: Tensor) -> float:
    """Equations 4 to 6, one sample and one class at a time."""
    total = 0.0
    for x, own, y in zip(features.tolist(), references.tolist(), labels.tolist(), strict=True):
        sims = []
        for reference in own:
            dot = sum(a * b for a, b in zip(x, reference, strict=True))
            norms = math.sqrt(sum(a * a for a in x)) * math.sqrt(sum(b * b for b in reference))
            sims.append(math.exp(dot / norms))
        shares = [sim / sum(sims) for sim in sims]
        others = [share for c, share in enumerate(shares) if c != y]
        total += -shares[y] + sum(others) / (len(shares) - 1)
    return total / len(labels)


def test_hand_worked_value() -> None:
    # cos = 1, 0 and −1 with the three references; the sample is of the first class.
    features = torch.tensor([[2.0, 0.0]], dtype=torch.float64)
    references = torch.tensor([[3.0, 0.0], [0.0, 5.0], [-1.0, 0.0]], dtype=torch.float64)
    e = math.e
    own = e / (e + 1 + 1 / e)
    expected = -own + (1 / (e + 1 + 1 / e) + (1 / e) / (e + 1 + 1 / e)) / 2
    assert abs(similarity_loss(features, references, torch.tensor([0])).item() - expected) < 1e-9


def test_equals_a_naive_loop_in_float64() -> None:
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(6, 11, generator=generator, dtype=torch.float64)
    references = torch.randn(6, 5, 11, generator=generator, dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 3, 4, 0])
    assert abs(similarity_loss(features, references, labels).item() - naive_loss(features, references, labels)) < 1e-9


def test_one_set_for_the_batch_equals_the_set_repeated() -> None:
    generator = torch.Generator().manual_seed(2)
    features, references = torch.randn(4, 7, generator=generator), torch.randn(3, 7, generator=generator)
    labels = torch.tensor([0, 2, 1, 1])
    repeated = similarity_loss(features, references.expand(4, 3, 7), labels)
    assert torch.allclose(similarity_loss(features, references, labels), repeated)


def test_gradients_reach_features_and_references() -> None:
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(3, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    references = torch.randn(3, 2, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 1, 1])
    assert torch.autograd.gradcheck(lambda f, r: similarity_loss(f, r, labels), (features, references))


def test_a_lower_temperature_widens_the_span_of_the_loss() -> None:
    features, references = torch.eye(3)[:1], torch.eye(3)
    spans = []
    for temperature in (1.0, 0.1):
        best, worst = (similarity_loss(features, references, torch.tensor([k]), temperature).item() for k in (0, 1))
        spans.append(worst - best)
    assert spans[1] > 1.4 > spans[0]
