from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lsl_shared import CoarseTask, ConfigError, LabelSpace, Store
from lsl_shared.allowed import allowed_sets
from lsl_shared.fly import stage_range_space, stage_space
from lsl_trainer import Network, TrainConfig, residual_network
from lsl_trainer.data.batch import Batch, Labelled, Loss
from lsl_trainer.data.load import load_data
from lsl_trainer.data.training_data import ALLOWED, TrainingData
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.checkpoint import Checkpoint
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.losses.constrained import constrained_loss, similarity_in_batch
from lsl_trainer.losses.constraint import Constraint
from tests.support.squares import COARSE, FINE, SIZE

RANGES = stage_range_space()
STAGES = stage_space()


def parent_constraint(fine: LabelSpace, coarse: LabelSpace, present: Sequence[int]) -> Constraint:
    """Of one coarse task, the parent."""
    known = [(CoarseTask.of_parent(fine, coarse), np.zeros(0, np.int64))]
    return Constraint.of(fine, allowed_sets(known, len(fine), 0).sets, present)


def constraint(present: Sequence[int] = (0, 1, 2)) -> Constraint:
    return parent_constraint(FINE, COARSE, present)


def test_a_coarse_class_allows_its_children_or_an_output_of_its_own() -> None:
    found = constraint()
    assert found.sets.int().tolist() == [[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]]
    assert found.allowed[-1].all(), "−1, of images without a coarse label, allows all"
    assert (found.outputs, found.n_fine) == (5, 4)
    assert found.siblings.int().tolist()[0] == [1, 1, 0, 0, 0]
    assert constraint((0, 1)).outputs == 4, "an output only for a childless class that there is"


def test_stages_are_ordered_and_corners_are_not() -> None:
    assert parent_constraint(STAGES, RANGES, range(6)).ordered
    assert not constraint().ordered
    crossed = LabelSpace("stage", ("4", "5", "6"), "stage_range", (1, 2, 1))
    assert not parent_constraint(crossed, RANGES, range(6)).ordered, "parents are no neighbours"


def test_where_sets_overlap_siblings_are_classes_that_none_tells_apart() -> None:
    """Stages 4 to 7 under 4-6 and 7-8, and under 4-5 and 6-7; both early labels together allow none of them."""
    sets = np.array([[1, 1, 1, 0, 0], [0, 0, 0, 1, 0], [1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]], bool)
    stages = LabelSpace("stage", ("4", "5", "6", "7"))
    found = Constraint.of(stages, sets, [0, 2, 4])
    assert (found.outputs, found.n_fine, found.ordered) == (5, 4, True)
    assert found.siblings.int().tolist() == [
        [1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1],
    ]  # fmt: skip
    assert Constraint.of(stages, sets, [0, 2]).outputs == 4
    alone = Constraint.of(stages, np.array([[1, 1, 0, 0, 0]], bool), [0]).siblings.int().tolist()
    assert alone == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], "classes of no set have no siblings"
    assert not Constraint.of(stages, np.array([[1, 0, 1, 0, 0]], bool), [0]).ordered, "a gap is no range"


def a_batch(config: TrainConfig, labels: list[int], coarse: list[int], seed: int = 0) -> tuple[Network, Batch]:
    torch.manual_seed(seed)
    network = residual_network(config.network, SIZE, 5).double()
    images, strong = torch.rand(2, len(labels), 3, *SIZE, dtype=torch.float64)
    return network, Batch(
        images, torch.tensor(labels), {ALLOWED: torch.tensor(coarse)}, torch.arange(len(labels)),
        torch.Generator().manual_seed(0), strong,
    )  # fmt: skip


def labelled(batch: Batch) -> Labelled:
    """What the images of a batch are a part of; pixels play no part."""
    places = np.arange(len(batch.labels))
    images = np.zeros((len(places), 2, 2, 3), np.uint8)
    others = {name: found.numpy() for name, found in batch.others.items()}
    return Labelled(images, places, batch.labels.numpy(), places, places.astype(object), others)


def the_loss(where: Constraint, data: Labelled, config: TrainConfig) -> tuple[Loss, dict[str, Tensor]]:
    return constrained_loss(where, data, config.constrained, config.regularization)


def naive_loss(network: Network, batch: Batch, config: TrainConfig, allowed: list[list[bool]]) -> Tensor:
    """Image by image, in plain arithmetic."""
    with torch.no_grad():
        weak = copy.deepcopy(network).eval()(batch.images)[0].softmax(1)
    known = batch.labels >= 0
    logits = network.train()(torch.where(known[:, None, None, None], batch.images, batch.second_view))[0]
    probability, labelled, partial, pseudo = logits.softmax(1), [], [], []
    for row, (label, coarse) in enumerate(zip(batch.labels.tolist(), batch.others[ALLOWED].tolist(), strict=True)):
        if label >= 0:
            labelled.append(-probability[row, label].log())
            continue
        children = [k for k in range(5) if allowed[coarse][k]]
        partial.append(-sum(probability[row, k] for k in children).log())
        total = sum(weak[row, k].item() for k in children)
        best = max(children, key=lambda k: weak[row, k].item())
        believed = len(children) > 1 and weak[row, best].item() / total >= config.constrained.pseudo_threshold / 2
        pseudo.append(-probability[row, best].log() if believed else torch.zeros(()))
    terms = [torch.stack(term).mean() for term in (labelled, partial, pseudo)]
    return terms[0] + config.constrained.partial_weight * terms[1] + config.constrained.pseudo_weight * terms[2]


def test_loss_and_gradient_are_those_of_the_naive_formula(config: TrainConfig) -> None:
    chosen = config.having(partial_weight=0.7, pseudo_weight=0.4, pseudo_threshold=1.0, shares="equal")
    network, batch = a_batch(chosen, [0, -1, 3, -1, -1, -1, 2, -1], [0, 0, 1, 1, 2, 0, 1, 1])
    data = labelled(batch)
    wanted = naive_loss(twin := copy.deepcopy(network), batch, chosen, constraint().allowed.tolist())
    found, logits = the_loss(constraint(), data, chosen)[0](network, batch)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-12)
    gradients = torch.autograd.grad(found, list(network.parameters()))
    for one, other in zip(gradients, torch.autograd.grad(wanted, list(twin.parameters())), strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)
    assert logits.shape == (8, 5)


def test_confident_guesses_are_remembered_and_raise_the_threshold_of_their_class(config: TrainConfig) -> None:
    chosen = config.having(pseudo_threshold=0.6)
    network, batch = a_batch(chosen, [0, -1, -1], [0, 0, 1])
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([9.0, 0, 5, 5.1, 0]))
    data = labelled(batch)
    loss, memory = the_loss(constraint(), data, chosen)
    loss(network, batch)
    assert memory["guesses"].tolist() == [-1, 0, -1], "the second is sure of class a, the third of nothing"


def test_order_counts_the_expected_distance_in_stages(config: TrainConfig) -> None:
    plain = config.having(order_weight=0.0, shares="equal")
    ordered = plain.having(order_weight=0.5)
    network, batch = a_batch(plain, [3, -1, -1], [0, 3, 2])
    network = network.with_head(15).double()
    batch = Batch(
        batch.images, batch.labels, {ALLOWED: torch.tensor([2, 3, 0])}, batch.positions, batch.draws, batch.strong
    )
    data = labelled(batch)
    where = parent_constraint(STAGES, RANGES, [0, 2, 3])
    without, logits = the_loss(where, data, plain)[0](network, batch)
    added = the_loss(where, data, ordered)[0](network, batch)[0] - without
    probability, wanted = logits.softmax(1).tolist(), 0.0
    for k in range(14):
        wanted += probability[0][k] * abs(k - 3) + probability[1][k] * min(abs(k - child) for child in (5, 6))
    assert added.item() == pytest.approx(0.5 * wanted / 3, rel=1e-6)


def test_similarity_is_measured_against_the_first_labelled_image_of_each_class() -> None:
    features = torch.randn(6, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels, known = torch.tensor([2, 0, 2, 0, 1, -1]), torch.tensor([1, 1, 1, 0, 0, 0]).bool()
    similar = F.cosine_similarity(features[:, None], features[[1, 0]], dim=-1)  # classes 0 and 2
    wanted = []
    for row, own in ((2, 1), (3, 0)):
        powers = similar[row].exp()
        share = (powers[own] / powers.sum()).item()
        wanted.append(1 - share - share)
    assert similarity_in_batch(features, labels, known, 1.0).item() == pytest.approx(sum(wanted) / 2)
    assert similarity_in_batch(features, labels, labels == 2, 1.0).item() == 0, "one class has nobody to differ from"


def test_the_extra_output_leaves_the_fine_ones_alone(config: TrainConfig) -> None:
    network, batch = a_batch(config, [0], [0])
    kept = network.eval().with_first_outputs(4)
    assert torch.equal(kept(batch.images)[0], network(batch.images)[0][:, :4])
    assert kept.with_first_outputs(4) is kept


def trained(store: Path, config: TrainConfig) -> tuple[TwoStepTraining, TrainingData, list[Checkpoint]]:
    with Store(store) as opened:
        data = load_data(opened, config)
    training = TwoStepTraining(data, config)
    counted: list[int] = []
    checkpoints = [checkpoint for _, checkpoint in training.run(counted.append)]
    assert sum(counted) == training.total_images
    assert training.total_passes > training.total_images
    return training, data, checkpoints


def accuracy(training: TwoStepTraining, data: TrainingData) -> float:
    found = logits_of(training.network, data.test.images, data.test.rows).argmax(1).numpy()
    return float(np.mean(found == data.test.labels))


def test_one_label_a_class_goes_further_with_coarse_labels(store: Path, config: TrainConfig) -> None:
    few = config.having(fine_per_class=1, method="coarse-constrained", constrained_epochs=6, light=0.0, average=0.9)
    training, data, _ = trained(store, few)
    assert training.network.head.out_features == 4
    assert accuracy(training, data) > 0.8
    alone, _, _ = trained(store, few.having(method="coarse-constrained", pretrain=False, constrained_epochs=1))
    assert alone.steps == ("constrained",)


def test_it_goes_on_from_a_checkpoint_to_the_same_weights(store: Path, config: TrainConfig) -> None:
    few = config.having(
        fine_per_class=2, method="coarse-constrained", constrained_epochs=3, coarse_epochs=1, average=0.9,
        feature_dropout=0.2, clip_norm=1.0,
    )  # fmt: skip
    whole, data, _ = trained(store, few)
    first = TwoStepTraining(data, few)
    epochs = first.run(lambda images: None)
    checkpoint = next(done for epoch, done in epochs if (epoch.step, epoch.number) == ("constrained", 1))
    cloned = {name: value.clone() for name, value in checkpoint.weights.items()}
    state = {name: torch.as_tensor(value).clone() for name, value in checkpoint.optimizer.items()}
    assert (state["memory.guesses"] >= 0).any()
    second = TwoStepTraining(data, few)
    second.resume(type(checkpoint)(**{**vars(checkpoint), "weights": cloned, "optimizer": state}))
    assert [epoch.number for epoch, _ in second.run(lambda images: None)] == [2, 3]
    wanted, found = whole.network.state_dict(), second.network.state_dict()
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


def test_the_coarse_task_must_be_above_the_fine_one(store: Path, config: TrainConfig) -> None:
    chosen = config.having(method="coarse-constrained", fine="side", coarse="corner")
    with (
        Store(store) as opened,
        pytest.raises(ConfigError, match="needs a coarse task of the fine one as --coarse, and 'side'"),
    ):
        load_data(opened, chosen)
    with pytest.raises(ConfigError, match="--method coarse-constrained learns one task"):
        config.having(method="coarse-constrained", tasks=("side",))


def test_uniform_logits_cost_what_they_should() -> None:
    """ln 5 for a labelled image, ln 5 − ln 2 for one of two allowed classes: nothing else is counted twice."""
    from lsl_trainer.losses.partial_labels import partial_label_loss

    allowed = torch.tensor([[1, 0, 0, 0, 0], [1, 1, 0, 0, 0]]).bool()
    found = partial_label_loss(torch.zeros(2, 5), allowed).tolist()
    assert found == pytest.approx([math.log(5), math.log(5) - math.log(2)])
