import copy
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lsl_shared import ConfigError, LabelSpace, Store
from lsl_shared.fly import stage_range_space, stage_space
from lsl_trainer import residual_network
from lsl_trainer.data.batch import Batch, Labelled
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.losses.constrained import (
    Constraint,
    constrained_loss,
    labels_together,
    mixed_batches,
    similarity_in_batch,
)
from tests.support.squares import COARSE, FINE, SIZE

RANGES = stage_range_space()
STAGES = stage_space()


def constraint(present=(0, 1, 2)):
    return Constraint.of(FINE, COARSE, present)


def test_a_coarse_class_allows_its_children_or_an_output_of_its_own():
    found = constraint()
    assert found.allowed.int().tolist() == [[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]]
    assert (found.outputs, found.n_fine) == (5, 4)
    assert found.siblings.int().tolist()[0] == [1, 1, 0, 0, 0]
    assert constraint((0, 1)).outputs == 4, "an output only for a childless class that there is"


def test_stages_are_ordered_and_corners_are_not():
    assert Constraint.of(STAGES, RANGES, range(6)).ordered
    assert not constraint().ordered
    crossed = LabelSpace("stage", ("4", "5", "6"), "stage_range", (1, 2, 1))
    assert not Constraint.of(crossed, RANGES, range(6)).ordered, "parents are no neighbours"


def test_the_fine_labels_that_count_join_the_coarse_ones():
    images, ids = np.zeros((9, 2, 2, 3), np.uint8), np.array(list("abcd"), dtype=object)
    coarse = Labelled(images, np.array([1, 4, 6, 8]), np.array([0, 1, 0, 2]), np.arange(4), ids)
    fine = Labelled(images, np.array([6, 4]), np.array([1, 3]), np.arange(2), ids[:2])
    found = labels_together(coarse, fine, "side")
    assert found.labels.tolist() == [-1, 3, 1, -1]
    assert found.others["side"].tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize(("known", "rest", "size"), [(3, 40, 8), (30, 4, 8), (1, 7, 4), (9, 0, 4), (2, 1, 16)])
def test_batches_hold_both_kinds_in_proportion_and_every_unlabelled_image_once(known, rest, size):
    labels = np.random.default_rng(0).permutation([1] * known + [-1] * rest)
    draw = mixed_batches(labels, size, 0.25)
    batches = draw(np.random.default_rng(1))
    seen = np.concatenate(batches)
    assert sorted(seen[labels[seen] < 0]) == np.flatnonzero(labels < 0).tolist()
    if rest > size:
        share = [(labels[batch] >= 0).mean() for batch in batches]
        assert share == pytest.approx([0.25] * len(batches), abs=0.1)
    assert all((labels[batch] >= 0).any() for batch in batches)
    again = draw(np.random.default_rng(1))
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))


def a_batch(config, labels, coarse, seed=0):
    torch.manual_seed(seed)
    network = residual_network(config.network, SIZE, 5).double()
    images, strong = torch.rand(2, len(labels), 3, *SIZE, dtype=torch.float64)
    return network, Batch(
        images, torch.tensor(labels), {"side": torch.tensor(coarse)}, torch.arange(len(labels)),
        torch.Generator().manual_seed(0), strong,
    )  # fmt: skip


def the_loss(where, data, config):
    return constrained_loss(where, data, config.constrained, config.regularization)


def naive_loss(network, batch, config, allowed):
    """Image by image, in plain arithmetic."""
    with torch.no_grad():
        weak = copy.deepcopy(network).eval()(batch.images)[0].softmax(1)
    known = batch.labels >= 0
    logits = network.train()(torch.where(known[:, None, None, None], batch.images, batch.strong))[0]
    chance, labelled, partial, pseudo = logits.softmax(1), [], [], []
    for row, (label, coarse) in enumerate(zip(batch.labels.tolist(), batch.others["side"].tolist(), strict=True)):
        if label >= 0:
            labelled.append(-chance[row, label].log())
            continue
        children = [k for k in range(5) if allowed[coarse][k]]
        partial.append(-sum(chance[row, k] for k in children).log())
        total = sum(weak[row, k].item() for k in children)
        best = max(children, key=lambda k: weak[row, k].item())
        believed = len(children) > 1 and weak[row, best].item() / total >= config.constrained.pseudo_threshold / 2
        pseudo.append(-chance[row, best].log() if believed else torch.zeros(()))
    terms = [torch.stack(term).mean() for term in (labelled, partial, pseudo)]
    return terms[0] + config.constrained.partial_weight * terms[1] + config.constrained.pseudo_weight * terms[2]


def test_loss_and_gradient_are_those_of_the_naive_formula(config):
    chosen = config.having(partial_weight=0.7, pseudo_weight=0.4, pseudo_threshold=1.0)
    network, batch = a_batch(chosen, [0, -1, 3, -1, -1, -1, 2, -1], [0, 0, 1, 1, 2, 0, 1, 1])
    data = Labelled(np.zeros((8, 2, 2, 3), np.uint8), np.arange(8), batch.labels.numpy(), np.arange(8), np.arange(8))
    wanted = naive_loss(twin := copy.deepcopy(network), batch, chosen, constraint().allowed.tolist())
    found, logits = the_loss(constraint(), data, chosen)[0](network, batch)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-12)
    gradients = torch.autograd.grad(found, list(network.parameters()))
    for one, other in zip(gradients, torch.autograd.grad(wanted, list(twin.parameters())), strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)
    assert logits.shape == (8, 5)


def test_confident_guesses_are_remembered_and_raise_the_threshold_of_their_class(config):
    chosen = config.having(pseudo_threshold=0.6)
    network, batch = a_batch(chosen, [0, -1, -1], [0, 0, 1])
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([9.0, 0, 5, 5.1, 0]))
    data = Labelled(np.zeros((3, 2, 2, 3), np.uint8), np.arange(3), batch.labels.numpy(), np.arange(3), np.arange(3))
    loss, memory = the_loss(constraint(), data, chosen)
    loss(network, batch)
    assert memory["guesses"].tolist() == [-1, 0, -1], "the second is sure of class a, the third of nothing"


def test_order_counts_the_expected_distance_in_stages(config):
    plain, ordered = config.having(order_weight=0.0), config.having(order_weight=0.5)
    network, batch = a_batch(plain, [3, -1, -1], [0, 3, 2])
    network = network.with_head(15).double()
    batch = Batch(
        batch.images, batch.labels, {"stage_range": torch.tensor([2, 3, 0])}, batch.positions, batch.draws, batch.strong
    )
    data = Labelled(np.zeros((3, 2, 2, 3), np.uint8), np.arange(3), batch.labels.numpy(), np.arange(3), np.arange(3))
    where = Constraint.of(STAGES, RANGES, [0, 2, 3])
    without, logits = the_loss(where, data, plain)[0](network, batch)
    added = the_loss(where, data, ordered)[0](network, batch)[0] - without
    chance, wanted = logits.softmax(1).tolist(), 0.0
    for k in range(14):
        wanted += chance[0][k] * abs(k - 3) + chance[1][k] * min(abs(k - child) for child in (5, 6))
    assert added.item() == pytest.approx(0.5 * wanted / 3, rel=1e-6)


def test_similarity_is_measured_against_the_first_labelled_image_of_each_class():
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


def test_the_extra_output_leaves_the_fine_ones_alone(config):
    network, batch = a_batch(config, [0], [0])
    kept = network.eval().with_first_outputs(4)
    assert torch.equal(kept(batch.images)[0], network(batch.images)[0][:, :4])
    assert kept.with_first_outputs(4) is kept


def trained(store, config):
    with Store(store) as opened:
        data = load_data(opened, config)
    training = TwoStepTraining(data, config)
    counted = []
    checkpoints = [checkpoint for _, checkpoint in training.run(counted.append)]
    assert sum(counted) == training.total_images
    assert training.total_passes > training.total_images
    return training, data, checkpoints


def accuracy(training, data):
    found = logits_of(training.network, data.test.images, data.test.rows).argmax(1).numpy()
    return float(np.mean(found == data.test.labels))


def test_one_label_a_class_goes_further_with_coarse_labels(store, config):
    few = config.having(fine_per_class=1, method="coarse-constrained", constrained_epochs=6, light=0.0, average=0.9)
    training, data, _ = trained(store, few)
    assert training.network.head.out_features == 4
    assert accuracy(training, data) > 0.8
    alone, _, _ = trained(store, few.having(method="coarse-constrained", pretrain=False, constrained_epochs=1))
    assert alone.steps == ("constrained",)


def test_it_goes_on_from_a_checkpoint_to_the_same_weights(store, config):
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


def test_the_coarse_task_must_be_the_parent(store, config):
    chosen = config.having(method="coarse-constrained", fine="side", coarse="corner")
    with (
        Store(store) as opened,
        pytest.raises(ConfigError, match="needs the fine task's parent as --coarse, and 'side'"),
    ):
        load_data(opened, chosen)
    with pytest.raises(ConfigError, match="--method coarse-constrained learns one task"):
        config.having(method="coarse-constrained", tasks=("side",))


def test_uniform_logits_cost_what_they_should():
    """ln 5 for a labelled image, ln 5 − ln 2 for one of two allowed classes: nothing else is counted twice."""
    from lsl_trainer.losses.partial_labels import partial_label_loss

    allowed = torch.tensor([[1, 0, 0, 0, 0], [1, 1, 0, 0, 0]]).bool()
    found = partial_label_loss(torch.zeros(2, 5), allowed).tolist()
    assert found == pytest.approx([math.log(5), math.log(5) - math.log(2)])
