from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lsl_shared import LabelSpace
from lsl_trainer.data.batch import Batch, Labelled
from lsl_trainer.losses.cross_entropy import cross_entropy
from lsl_trainer.losses.multi_task import multi_task_loss, weighted_sum
from lsl_trainer.networks.residual import Network, residual_network
from lsl_trainer.settings.network import NetworkConfig
from lsl_trainer.tasks.classes import ClassTask
from lsl_trainer.tasks.learnt_task import LearntTask
from lsl_trainer.tasks.term_loss import positive_weights
from lsl_trainer.tasks.terms import TermTask
from tests.support.squares import small_config

SORTS, TERMS = LabelSpace("sort", ("a", "b")), LabelSpace("parts", ("x", "y", "z"))
SIZE = (16, 24)


def network(outputs: int = 3 + 2 + 3) -> Network:
    torch.manual_seed(0)
    return residual_network(NetworkConfig(widths=(4,), strides=(2,), pool=2), SIZE, outputs).eval()


def batch(labels: list[int], sorts: list[int], parts: list[list[int]]) -> Batch:
    images = torch.rand(len(labels), 3, *SIZE, generator=torch.Generator().manual_seed(1))
    others = {"sort": torch.tensor(sorts), "parts": torch.tensor(parts)}
    return Batch(images, torch.tensor(labels), others, torch.arange(len(labels)), torch.Generator())


def tasks(count: int) -> tuple[list[LearntTask], Labelled]:
    carried = np.array([[1, 0, 0], [0, 0, 1], [0, 0, -1]])
    found = [ClassTask(SORTS, np.array([0, 1, 1])), TermTask(TERMS, carried)][:count]
    images, rows = np.zeros((3, *SIZE, 3), np.uint8), np.arange(3)
    others = {task.name: task.labels for task in found}
    return found, Labelled(images, rows, rows, rows, np.array(["a", "b", "c"], object), others)


def test_each_part_is_the_loss_of_the_images_that_have_a_label() -> None:
    further, data = tasks(2)
    given = batch([2, -1, 0], [-1, 1, 1], [[1, 0, -1], [-1, -1, -1], [0, 1, 0]])
    one = network()
    loss, logits = multi_task_loss(cross_entropy(small_config().regularization), 3, further, data, (1.0, 0.5, 2.0))(
        one, given
    )
    whole = one(given.images)[0]
    assert torch.equal(logits, whole[:, :3])
    first = F.cross_entropy(whole[[0, 2], :3], torch.tensor([2, 0]))
    sort = F.cross_entropy(whole[[1, 2], 3:5], torch.tensor([1, 1]))
    odds, parts = positive_weights(data.others["parts"]), []
    for row, column, carried in ((0, 0, 1), (0, 1, 0), (2, 0, 0), (2, 1, 1), (2, 2, 0)):
        w = odds[column].item()
        p = 1 / (1 + math.exp(-(whole[row, 5 + column].item() + math.log(w))))
        parts.append(-w * math.log(p) if carried else -math.log(1 - p))
    assert loss.item() == pytest.approx((first + 0.5 * sort).item() + 2 * np.mean(parts), rel=1e-5)


def test_a_task_without_labels_takes_no_part() -> None:
    further, data = tasks(2)
    one, none = network(), [[-1] * 3] * 2
    loss, _ = multi_task_loss(cross_entropy(small_config().regularization), 3, further, data, (1.0, 1.0, 1.0))(
        one, batch([-1, -1], [0, 1], none)
    )
    logits = one(batch([-1, -1], [0, 1], none).images)[0]
    assert loss.item() == pytest.approx(F.cross_entropy(logits[:, 3:5], torch.tensor([0, 1])).item())


def test_one_task_of_all_images_is_the_plain_loss_bit_for_bit() -> None:
    further, data = tasks(1)
    given, one, plain = (
        batch([2, 1, 0], [-1] * 3, [[-1] * 3] * 3),
        network(5),
        cross_entropy(small_config().regularization),
    )
    several, _ = multi_task_loss(plain, 3, further, data, (1.0, 1.0))(one, given)
    alone = F.cross_entropy(one(given.images)[0][:, :3], given.labels)
    assert several.item() == alone.item()


@pytest.mark.parametrize("settings", [{"feature_dropout": 0.5}, {"mixup": 1.0}])
def test_recipes_of_the_first_task_stay_its_own(settings: dict[str, float]) -> None:
    further, data = tasks(1)
    given, config = batch([2, 1, 0], [-1] * 3, [[-1] * 3] * 3), small_config().having(**settings)
    one, alone = network(5), network(3)
    alone.load_state_dict({**one.state_dict(), "head.weight": one.head.weight[:3], "head.bias": one.head.bias[:3]})
    several, _ = multi_task_loss(cross_entropy(config.regularization), 3, further, data, (1.0, 1.0))(one, given)
    again = batch([2, 1, 0], [-1] * 3, [[-1] * 3] * 3)
    assert several.item() == pytest.approx(cross_entropy(config.regularization)(alone, again)[0].item(), rel=1e-6)


def test_learnt_weights_are_those_of_kendall() -> None:
    s = torch.tensor([0.3, -1.0, 0.5], requires_grad=True)
    losses = [torch.tensor(2.0), None, torch.tensor(0.7)]
    total = weighted_sum(losses, (), s)
    assert total.item() == pytest.approx(math.exp(-0.3) * 2 + 0.15 + math.exp(-0.5) * 0.7 + 0.25)
    total.backward()
    assert s.grad is not None
    assert s.grad[0].item() == pytest.approx(-math.exp(-0.3) * 2 + 0.5)
    assert s.grad[1].item() == 0
