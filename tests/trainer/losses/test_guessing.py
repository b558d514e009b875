from __future__ import annotations

import numpy as np
import pytest
import torch

from lsl_shared import CoarseTask
from lsl_shared.allowed import allowed_sets
from lsl_trainer import Network, TrainConfig, residual_network
from lsl_trainer.data.batch import Batch, Labelled
from lsl_trainer.data.training_data import ALLOWED
from lsl_trainer.losses.constraint import Constraint
from lsl_trainer.losses.guessing import Guessing
from tests.support.squares import COARSE, FINE, SIZE

LABELS = np.array([0] * 5 + [1] * 5 + [2] * 5 + [3] * 5 + [-1] * 40)
SIDES = np.array([0] * 10 + [1] * 10 + [0] * 30 + [1] * 10)


def guessing(config: TrainConfig, batches: int = 0) -> Guessing:
    places = np.arange(len(LABELS))
    data = Labelled(np.zeros((60, 2, 2, 3), np.uint8), places, LABELS, places, places.astype(object), {ALLOWED: SIDES})
    known = [(CoarseTask.of_parent(FINE, COARSE), SIDES)]
    sets = allowed_sets(known, len(FINE), len(SIDES)).sets
    return Guessing(Constraint.of(FINE, sets, (0, 1)), data, config.constrained, batches)


def batch(positions: list[int]) -> Batch:
    torch.manual_seed(0)
    images = torch.rand(len(positions), 3, *SIZE)
    sides = {ALLOWED: torch.from_numpy(SIDES[positions])}
    labels = torch.from_numpy(LABELS[positions])
    return Batch(images, labels, sides, torch.tensor(positions), torch.Generator().manual_seed(0))


def sure_of(classes: tuple[int, ...], config: TrainConfig) -> Network:
    """A network that answers these classes, whatever it is shown."""
    network = residual_network(config.network, SIZE, 4)
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([9.0 * (k in classes) for k in range(4)]))
    return network


def allowed(of: Batch) -> torch.Tensor:
    children = torch.tensor([[1, 1, 0, 0], [0, 0, 1, 1]]).bool()[of.others[ALLOWED]]
    own = torch.nn.functional.one_hot(of.labels.clamp(min=0), 4).bool()
    return torch.where((of.labels >= 0)[:, None], own, children)


def labels_of(found: Guessing, network: Network, positions: list[int]) -> list[int]:
    given = batch(positions)
    seen = found.begin(given)
    return found.labels(network, seen, allowed(seen), given.labels).tolist()


def test_a_fifth_of_the_labels_is_left_out_until_the_trial_ends(config: TrainConfig) -> None:
    found, network = guessing(config.having(pseudo_after=0.25, trial=0.5), 4), sure_of((1, 2), config)
    everyone = [0, 1, 5, 10, 20, 50]
    assert labels_of(found, network, everyone) == [1, 0, 1, 2, 1, 2], "the first of each class is guessed like others"
    assert labels_of(found, network, everyone) == [0, 0, 1, 2, 1, 2], "now all labels count"


def test_before_pseudo_labels_begin_only_those_left_out_are_looked_at(config: TrainConfig) -> None:
    found, network = guessing(config.having(pseudo_after=0.5, trial=0.75), 8), sure_of((1, 2), config)
    assert labels_of(found, network, [0, 1, 20]) == [-1, 0, -1]
    assert found.trial.rights[0].tolist()[:2] == [0, -1]
    assert found.shares.log_ratios.tolist() == pytest.approx([0] * 4)


def test_pseudo_labels_that_make_guesses_worse_come_to_an_end(config: TrainConfig) -> None:
    found = guessing(config.having(pseudo_after=0.25, trial=0.5), 8)
    found.trial.left_out[:10] = True
    many = list(range(10))
    right, wrong = sure_of((0, 2), config), sure_of((1, 3), config)
    labels_of(found, right, many)
    for network in (wrong, wrong, wrong):
        labels_of(found, network, many)
    assert found.memory["stopped"].tolist() == [0], "five lost, five won"
    found.trial.rights[1, 5:10] = found.trial.rights[0, 5:10]
    found.trial.judge()
    assert found.memory["stopped"].tolist() == [1]
    assert labels_of(found, right, [20, 50]) == [-1, -1]


def test_shares_follow_the_guesses_and_level_the_answers(config: TrainConfig) -> None:
    found, network = guessing(config.having(share_prior=0.0, levelling=0.5)), sure_of((1,), config)
    for _ in range(40):
        labels_of(found, network, list(range(20, 50)))
    shares = found.shares.shares
    assert shares.tolist() == pytest.approx([5 / 40, 35 / 40, 0.5, 0.5], abs=0.01)
    before = network.head.bias.tolist()
    found.level(network)
    wanted = [b - 0.5 * np.log(2 * s) for b, s in zip(before, shares.tolist(), strict=True)]
    assert network.head.bias.tolist() == pytest.approx(wanted, abs=1e-5)


def test_equal_shares_change_nothing(config: TrainConfig) -> None:
    found, network = guessing(config.having(shares="equal")), sure_of((1,), config)
    labels_of(found, network, list(range(20, 50)))
    before = network.head.bias.tolist()
    found.level(network)
    assert network.head.bias.tolist() == before


def test_images_that_may_be_of_a_class_are_counted_where_sets_overlap(config: TrainConfig) -> None:
    """Four classes under {0, 1, 2} and {2, 3}: 0 and 1 are siblings, in 5 images without a fine label, 2 in 8."""
    sets = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 0]], bool)
    labels, of_image = np.array([0, 3, *[-1] * 8]), np.array([0, -1, *[0] * 5, *[1] * 3])
    places = np.arange(10)
    data = Labelled(
        np.zeros((10, 2, 2, 3), np.uint8), places, labels, places, places.astype(object), {ALLOWED: of_image}
    )
    chosen = config.having(share_prior=0.0, shares="learnt", labels_drawn="by-class")
    found = Guessing(Constraint.of(FINE, sets, (0, 1)), data, chosen.constrained).shares
    assert found.means.tolist() == pytest.approx([1 / 2, 1 / 2, 1, 1]), "alike at first, among siblings"
    assert found.shares.tolist() == pytest.approx([(5 / 2 + 1) / 6, (5 / 2) / 6, 1, 1])
    allowed = torch.from_numpy(sets[:, :4])
    found.update(torch.tensor([[0.6, 0.2, 0.2, 0.0], [0.0, 0.0, 0.5, 0.5]]), allowed)
    rates = 1 / 5, 2 / 8, 1 / 3
    wanted = [0.5 + rates[0] * 0.1, 0.5 - rates[0] * 0.3, 1 + rates[1] * (0.35 - 1), 1 + rates[2] * (0.5 - 1)]
    assert found.means.tolist() == pytest.approx(wanted)
