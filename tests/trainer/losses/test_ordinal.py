from __future__ import annotations

import numpy as np
import pytest
import torch

from lsl_trainer import TrainConfig, residual_network
from lsl_trainer.data.batch import Batch
from lsl_trainer.losses.cross_entropy import cross_entropy
from lsl_trainer.losses.ordinal import ordinal_loss
from tests.support.squares import SIZE


def naive(logits: np.ndarray, labels: list[int]) -> float:
    """Image by image, in plain arithmetic."""
    total = 0.0
    for row, label in zip(logits.tolist(), labels, strict=True):
        near = [np.exp(-2 * (k - label) ** 2) for k in range(len(row))]
        exponentials = np.exp(row)
        total -= sum(n / sum(near) * np.log(e / exponentials.sum()) for n, e in zip(near, exponentials, strict=True))
    return total / len(labels)


def test_it_is_the_cross_entropy_with_soft_labels() -> None:
    logits, labels = torch.randn(5, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64), [0, 5, 2, 3, 3]
    assert ordinal_loss(logits, torch.tensor(labels)).item() == pytest.approx(naive(logits.numpy(), labels))


def test_a_neighbour_costs_less_than_a_class_far_away() -> None:
    costs = [ordinal_loss(9 * torch.eye(7)[[k]], torch.tensor([2])).item() for k in range(7)]
    assert costs[1] == pytest.approx(costs[3])
    assert costs[2] < costs[3] < costs[4] < costs[5]


@pytest.mark.parametrize("mixup", [0.0, 1.0])
def test_it_stands_beside_cross_entropy_where_classes_are_in_order(config: TrainConfig, mixup: float) -> None:
    chosen = config.having(ordinal_weight=0.5, mixup=mixup)
    torch.manual_seed(0)
    network, images = residual_network(config.network, SIZE, 4), torch.rand(6, 3, *SIZE)
    labels = torch.tensor([0, 1, 2, 3, 1, 1])

    def lost(settings: TrainConfig, ordered: bool) -> tuple[float, torch.Tensor]:
        batch = Batch(images, labels, {}, torch.arange(6), torch.Generator().manual_seed(0))
        loss, logits = cross_entropy(settings.regularization, ordered=ordered)(network, batch)
        return loss.item(), logits

    plain, logits = lost(chosen, ordered=False)
    assert lost(config.having(mixup=mixup), ordered=True)[0] == plain
    added = lost(chosen, ordered=True)[0] - plain
    if mixup:
        assert added > 0
    else:
        assert added == pytest.approx(0.5 * naive(logits.detach().numpy(), labels.tolist()), abs=1e-5)
