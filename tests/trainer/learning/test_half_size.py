"""Steps that begin with images of half the size, and end when nothing is left to learn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lsl_shared import Store
from lsl_trainer import TrainConfig
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.ahead import ahead
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.learnt import Learnt
from lsl_trainer.networks.any_size import AnySize, half_size
from lsl_trainer.networks.residual import residual_network
from lsl_trainer.settings.network import NETWORKS, NetworkConfig
from tests.support.squares import SIZE, small_config


def trained(store: Path, config: TrainConfig) -> tuple[TwoStepTraining, list[Epoch], list[tuple[int, ...]]]:
    """A training, its epochs, and the size of the images of each batch."""
    with Store(store) as opened:
        training = TwoStepTraining(load_data(opened, config), config)
    seen: list[tuple[int, ...]] = []
    stem = next(training.network.body.children())

    def note(module: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        if module.training:
            seen.append(tuple(inputs[0].shape[2:]))

    stem.register_forward_pre_hook(note)
    epochs = [epoch for epoch, _ in training.run(lambda count: None)]
    return training, epochs, seen


def test_images_of_the_usual_size_get_the_same_answers() -> None:
    network = residual_network(small_config().network, SIZE, 4)
    other, images = AnySize(network, SIZE), torch.rand(3, 3, *SIZE)
    assert network.training and other.training
    network.eval()
    assert torch.equal(other(images)[0], network(images)[0])
    assert other.head is network.head


def test_a_smaller_map_is_enlarged_pixel_by_pixel() -> None:
    network = residual_network(NetworkConfig(widths=(4,), strides=(2,), stem_stride=1, pool=1), (8, 12), 3).eval()
    half = torch.rand(1, 3, 4, 6)
    assert isinstance(network.body, nn.Sequential)
    maps = network.body[:-2]((half - network.mean) / network.std)  # (1, 4, 2, 3)
    wanted = maps.repeat_interleave(2, 2).repeat_interleave(2, 3).flatten(1)
    assert torch.equal(AnySize(network, (8, 12)).features(half), wanted)


@pytest.mark.parametrize(
    ("size", "wanted"), [((128, 320), (64, 160)), ((64, 64), None), ((16, 40), None), ((65, 129), None)]
)
def test_half_the_size_where_enough_is_left(size: tuple[int, int], wanted: tuple[int, int] | None) -> None:
    assert half_size(NETWORKS["tiny"], size) == wanted


def test_the_first_share_of_the_images_is_of_half_the_size(store: Path) -> None:
    config = small_config().having(half_size=0.75)
    training, _, seen = trained(store, config)
    coarse, fine, feature = training.planned
    assert (coarse.half_size_epochs, feature.half_size_epochs) == (4, 0)
    rest = 0.75 * (4 * coarse.images + 8 * fine.images) - 4 * coarse.images
    assert fine.half_size_epochs == int(rest / fine.images) > 0
    batches = 4 * -(-coarse.images // 16) + fine.half_size_epochs * -(-fine.images // 16)
    assert set(seen[:batches]) == {(18, 24)}
    assert set(seen[batches:]) == {SIZE}
    test = training.data.test
    with torch.no_grad():
        pixels = torch.from_numpy(test.images[test.rows] / np.float32(255)).permute(0, 3, 1, 2)
        right = training.network(pixels)[0].argmax(1).numpy() == test.labels
    assert right.mean() > 0.8


def test_a_plan_that_needs_whole_images_gets_them_alone(store: Path) -> None:
    config = small_config().having(half_size=0.75, method="coarse-constrained")
    with Store(store) as opened:
        training = TwoStepTraining(load_data(opened, config), config)
    assert [step.half_size_epochs for step in training.planned] == [0, 0]


def test_passes_add_up_and_so_do_those_before_a_checkpoint(store: Path) -> None:
    config = small_config().having(half_size=0.5)
    with Store(store) as opened:
        training = TwoStepTraining(load_data(opened, config), config)
    counted = []
    kept = [(epoch, checkpoint) for epoch, checkpoint in training.run(lambda n: counted.append(training.passes(n)))]
    assert sum(counted) == pytest.approx(training.total_passes)
    assert training.total_passes < training.total_images * 1.2
    (place,) = [k for k, (epoch, _) in enumerate(kept) if (epoch.step, epoch.number) == ("fine", 3)]
    with Store(store) as opened:
        other = TwoStepTraining(load_data(opened, config), config)
    other.resume(kept[place][1])
    rest: list[float] = []
    for _ in other.run(lambda n: rest.append(other.passes(n))):
        pass
    assert other.passes_done + sum(rest) == pytest.approx(other.total_passes)


def epoch_with(accuracy: float | None) -> Epoch:
    return Epoch("fine", 1, 0.1, accuracy, 0.01)


def test_three_epochs_in_a_row_with_all_right_are_enough() -> None:
    learnt = Learnt()
    ends = []
    for accuracy in (1.0, 1.0, 0.99, 1.0, None, 1.0, 1.0, 1.0):
        learnt.take(epoch_with(accuracy))
        ends.append(learnt.is_all)
    assert ends == [False] * 7 + [True]


def test_the_step_on_fine_labels_ends_then_and_a_checkpoint_knows(store: Path) -> None:
    config = small_config().having(until_learnt=True, fine_epochs=60, feature_epochs=1, light=0.0)
    with Store(store) as opened:
        training = TwoStepTraining(load_data(opened, config), config)
    kept = [
        (epoch, checkpoint.optimizer.get("learnt.epochs"), {k: v.clone() for k, v in checkpoint.optimizer.items()})
        for epoch, checkpoint in training.run(lambda count: None)
    ]
    fine = [epoch for epoch, _, _ in kept if epoch.step == "fine"]
    assert [epoch.accuracy for epoch in fine[-3:]] == [1.0] * 3
    assert len(fine) < 60
    assert [int(count) for epoch, count, _ in kept if epoch.step == "fine" and count is not None][-1] == 3


def test_a_thread_keeps_the_order_and_tells_its_errors() -> None:
    assert list(ahead(range(1, 50))) == list(range(1, 50))

    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("of the second")

    with pytest.raises(ValueError, match="of the second"):
        list(ahead(broken()))
