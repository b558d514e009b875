from __future__ import annotations

import torch
from torch import nn

from lsl_trainer.learning.averaging import WeightAverage


class Normalized(nn.Module):
    """A layer and its normalization."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm = nn.Linear(2, 3), nn.BatchNorm1d(3)


def changed(network: Normalized, step: int) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(float(step))
        network.norm.get_buffer("running_mean").fill_(10.0 * step)
        network.norm.get_buffer("num_batches_tracked").fill_(step)


def test_the_average_follows_its_formula() -> None:
    learnt = Normalized()
    changed(learnt, 0)
    average, wanted = WeightAverage(learnt, 0.9), 0.0
    for step in range(1, 40):
        changed(learnt, step)
        average.update()
        decay = min(0.9, (1 + step) / (10 + step))
        wanted = decay * wanted + (1 - decay) * step
    given = Normalized()
    average.give_to(given)
    assert torch.allclose(given.layer.weight, torch.tensor(wanted))
    assert torch.allclose(given.norm.get_buffer("running_mean"), torch.tensor(10 * wanted))
    assert given.norm.num_batches_tracked == 39


def test_it_goes_on_from_its_state() -> None:
    first, second = Normalized(), Normalized()
    one, other = WeightAverage(first, 0.99), WeightAverage(second, 0.99)
    changed(first, 3)
    one.update()
    other.restore({name: value.clone() for name, value in one.state().items()})
    for learnt, average in ((first, one), (second, other)):
        changed(learnt, 5)
        average.update()
        average.give_to(learnt)
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
