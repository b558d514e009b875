from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lsl_shared import TrainingError
from lsl_trainer import Network, TrainConfig, residual_network
from lsl_trainer.data.batch import Batch, Labelled, Loss, in_unit_range, to_tensor
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.learning.learner import Learner
from lsl_trainer.learning.steps.step import Step
from lsl_trainer.losses.cross_entropy import cross_entropy
from tests.support.squares import SIZE, squares


def learner(config: TrainConfig, data: Labelled, loss: Loss | None = None, epochs: int = 2) -> Learner:
    torch.manual_seed(0)
    network = residual_network(config.network, SIZE, 4)
    step = Step("fine", data, loss or cross_entropy(config.regularization), epochs, 0.05, flip=False, seed=4)
    return Learner(network, step, config)


def run(config: TrainConfig, data: Labelled, loss: Loss | None = None, epochs: int = 2) -> tuple[Network, list[Epoch]]:
    made = learner(config, data, loss, epochs)
    return made.network, list(made.epochs(lambda count: None))


def test_the_squares_are_learnt(config: TrainConfig) -> None:
    data = squares()
    network, epochs = run(config.having(light=0.0), data, epochs=8)
    assert epochs[-1].loss < 0.3 < epochs[0].loss
    assert (logits_of(network, data.images, data.rows).argmax(1).numpy() == data.labels).mean() > 0.9


def test_the_same_seeds_give_the_same_weights(config: TrainConfig) -> None:
    first, again = (run(config, squares())[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_one_step_equals_sgd_by_hand(config: TrainConfig) -> None:
    """One batch of everything, no momentum, no decay: w − rate · ∂L/∂w."""
    data, plain = squares(16), config.having(momentum=0.0, weight_decay=0.0, light=0.0, schedule="steps", batch_size=16)
    network, _ = run(plain, data, epochs=1)
    torch.manual_seed(0)
    expected = residual_network(plain.network, SIZE, 4).train()
    order = np.arange(16)  # the order does not matter to the mean of one batch
    logits, _ = expected(to_tensor(in_unit_range(data.images[order]), torch.device("cpu")))
    F.cross_entropy(logits, torch.from_numpy(data.labels[order])).backward()
    assert expected.head.weight.grad is not None
    wanted = expected.head.weight - 0.05 * expected.head.weight.grad
    assert torch.allclose(network.head.weight, wanted, atol=1e-6)


def test_every_image_is_seen_once_an_epoch_and_no_batch_holds_one(config: TrainConfig) -> None:
    sizes, seen = [], []

    def watched(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        sizes.append(len(batch.images))
        seen.extend(batch.positions.tolist())
        return cross_entropy(config.regularization)(network, batch)

    run(config, squares(33), watched, epochs=1)
    assert sizes == [16, 17]
    assert sorted(seen) == list(range(33))


def test_the_steps_schedule_drops_at_the_milestones(config: TrainConfig) -> None:
    _, epochs = run(config.having(schedule="steps", milestones=(0.5, 0.75)), squares(16), epochs=4)
    assert np.allclose([epoch.learning_rate for epoch in epochs], [0.05, 0.05, 0.005, 0.0005])


def test_the_cosine_schedule_warms_up_and_ends_near_zero(config: TrainConfig) -> None:
    _, epochs = run(config.having(schedule="cosine"), squares(16), epochs=50)
    rates = [epoch.learning_rate for epoch in epochs]
    assert max(rates) <= 0.05
    assert np.argmax(rates) < 5
    assert rates[-1] < 0.001


def test_a_loss_that_is_not_finite_stops(config: TrainConfig) -> None:
    def broken(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        loss, logits = cross_entropy(config.regularization)(network, batch)
        return loss * float("nan"), logits

    with pytest.raises(
        TrainingError, match=r"step fine, epoch 1 is not finite, in the batch of image\d+, .* …; look at"
    ):
        run(config, squares(), broken)


def test_logits_do_not_depend_on_the_batch(config: TrainConfig) -> None:
    data = squares(10)
    network, _ = run(config, data)
    one, many = (logits_of(network, data.images, data.rows, batch) for batch in (1, 64))
    assert torch.allclose(one, many, atol=1e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_going_on_after_an_epoch_ends_with_the_same_weights(config: TrainConfig, optimizer: str) -> None:
    chosen, data = config.having(optimizer=optimizer, shift=0.1), squares()
    whole, _ = run(chosen, data, epochs=4)
    first, second = (learner(chosen, data, epochs=4) for _ in range(2))
    epochs = first.epochs(lambda count: None)
    next(epochs), next(epochs)
    second.network.load_state_dict({name: value.clone() for name, value in first.network.state_dict().items()})
    second.restore({name: torch.as_tensor(value).clone() for name, value in first.state().items()}, 2)
    assert [epoch.number for epoch in second.epochs(lambda count: None)] == [3, 4]
    wanted, found = whole.state_dict(), second.network.state_dict()
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_two_steps_equal_the_optimizer_by_hand(config: TrainConfig, optimizer: str) -> None:
    """Momentum, weight decay and label smoothing as the settings say, batch statistics in training."""
    settings = {"momentum": 0.9, "weight_decay": 0.1, "label_smoothing": 0.1, "light": 0.0, "schedule": "steps"}
    data, chosen = squares(16), config.having(optimizer=optimizer, milestones=(1.0, 1.0), **settings)
    orders = []

    def noted(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        orders.append(batch.positions.numpy())
        return cross_entropy(chosen.regularization)(network, batch)

    network, _ = run(chosen, data, noted)
    torch.manual_seed(0)
    expected = residual_network(chosen.network, SIZE, 4).train()
    if optimizer == "sgd":
        by_hand: torch.optim.Optimizer = torch.optim.SGD(expected.parameters(), lr=0.05, momentum=0.9, weight_decay=0.1)
    else:
        by_hand = torch.optim.AdamW(expected.parameters(), lr=0.05, weight_decay=0.1)
    for order in orders:
        logits, _ = expected(to_tensor(in_unit_range(data.images[order]), torch.device("cpu")))
        by_hand.zero_grad()
        F.cross_entropy(logits, torch.from_numpy(data.labels[order]), label_smoothing=0.1).backward()
        by_hand.step()
    assert len(orders) == 2
    assert not np.array_equal(orders[0], orders[1]), "each epoch has its own order"
    assert torch.allclose(network.head.weight, expected.head.weight, atol=1e-5)


def test_learning_uses_batch_statistics_whatever_came_before(config: TrainConfig) -> None:
    made = learner(config, squares(16), epochs=1)
    made.network.eval()
    list(made.epochs(lambda count: None))
    norms = [module for module in made.network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert all(module.num_batches_tracked == 1 for module in norms)


def test_long_gradients_are_clipped_to_their_norm(config: TrainConfig) -> None:
    plain = config.having(momentum=0.0, weight_decay=0.0, light=0.0, schedule="steps", clip_norm=0.01)
    network, _ = run(plain, squares(16), epochs=1)
    torch.manual_seed(0)
    before = residual_network(plain.network, SIZE, 4).state_dict()
    moved = [(network.state_dict()[name] - before[name]).norm() for name, _ in network.named_parameters()]
    assert torch.stack(moved).norm().item() == pytest.approx(0.05 * 0.01, rel=1e-3)


def test_a_step_ends_with_the_average_of_its_weights_and_goes_on_from_there(config: TrainConfig) -> None:
    chosen, data = (
        config.having(average=0.9, light=0.0, feature_dropout=0.3, mixup=0.5, optimizer="nesterov"),
        squares(),
    )
    whole, _ = run(chosen, data, epochs=3)
    last, _ = run(chosen.having(average=0.0), data, epochs=3)
    assert not torch.equal(whole.head.weight, last.head.weight)
    first, second = (learner(chosen, data, epochs=3) for _ in range(2))
    next(first.epochs(lambda count: None))
    second.network.load_state_dict({name: value.clone() for name, value in first.network.state_dict().items()})
    second.restore({name: torch.as_tensor(value).clone() for name, value in first.state().items()}, 1)
    list(second.epochs(lambda count: None))
    wanted, found = whole.state_dict(), second.network.state_dict()
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


def test_a_step_may_ask_for_its_own_batches_and_a_second_view(config: TrainConfig) -> None:
    seen = []

    def watched(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        seen.append((batch.positions.tolist(), (batch.second_view - batch.images).abs().max().item()))
        return cross_entropy(config.regularization)(network, batch)

    made = learner(config, squares(16), watched, epochs=1)
    drawn = [np.array([3, 3, 1]), np.array([0, 2])]
    made.step = dataclasses.replace(made.step, sampler=lambda generator: drawn, strong=True)
    (epoch,) = made.epochs(lambda count: None)
    assert [positions for positions, _ in seen] == [[3, 3, 1], [0, 2]]
    assert min(difference for _, difference in seen) > 0.05
    assert 0 < epoch.loss < 20
