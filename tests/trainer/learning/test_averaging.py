import torch
from torch import nn

from lsl_trainer.learning.averaging import WeightAverage


def changed(network, step):
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(float(step))
        network[1].running_mean.fill_(10.0 * step)
        network[1].num_batches_tracked.fill_(step)


def network():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def test_the_average_follows_its_formula():
    learnt = network()
    changed(learnt, 0)
    average, wanted = WeightAverage(learnt, 0.9), 0.0
    for step in range(1, 40):
        changed(learnt, step)
        average.update()
        decay = min(0.9, (1 + step) / (10 + step))
        wanted = decay * wanted + (1 - decay) * step
    given = network()
    average.give_to(given)
    assert torch.allclose(given[0].weight, torch.tensor(wanted))
    assert torch.allclose(given[1].running_mean, torch.tensor(10 * wanted))
    assert given[1].num_batches_tracked == 39


def test_it_goes_on_from_its_state():
    first, second = network(), network()
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
