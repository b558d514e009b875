"""A model of several tasks, from training to the map of a term."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lsl_runtime import Model, annotate
from lsl_runtime.annotation.table import write_csv
from lsl_runtime.evaluation.evaluate import evaluate
from lsl_runtime.gem.build.mapped_task import MappedTerms
from lsl_runtime.gem.build.saliency_source import saliency_source
from lsl_runtime.gem.build.selection import choose
from lsl_runtime.gem.build.source import Source
from lsl_shared import Annotations, Store
from lsl_shared.errors import BundleError
from lsl_shared.measures.term_metrics import roc_auc
from lsl_trainer.bundle.write import write_bundle
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.checkpoint import Checkpoint
from tests.support.squares import TERMS, small_config


@pytest.fixture(scope="module")
def trained(termed: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TwoStepTraining, Path]:
    """A network that learns corners, marks and sides at once, and its bundle."""
    config = small_config().having(method="plain", tasks=("marks", "side"), fine_epochs=12)
    with Store(termed) as store:
        data = load_data(store, config)
    training = TwoStepTraining(data, config)
    for _ in training.run(lambda count: None):
        pass
    path = tmp_path_factory.mktemp("bundle") / "model"
    write_bundle(training.network, data, config, path)
    return training, path


def test_the_manifest_tells_all_tasks(trained: tuple[TwoStepTraining, Path]) -> None:
    training, path = trained
    corner, marks, side = Model.load(path, "cpu", verify=True).manifest.tasks
    assert [task.name for task in (corner, marks, side)] == ["corner", "marks", "side"]
    assert (marks.kind, len(marks.thresholds), marks.thresholds[2]) == ("terms", 3, 1.0)
    labels = training.data.fine.others["marks"]
    assert marks.class_priors == pytest.approx([(column == 1).sum() / (column >= 0).sum() for column in labels.T])
    assert sum(side.class_priors) == pytest.approx(1)
    assert any("never" in note for note in training.notes)
    assert training.network.log_variances is not None and training.network.log_variances.abs().max() > 0


def test_annotations_and_table_hold_what_was_chosen(
    trained: tuple[TwoStepTraining, Path], termed: Path, tmp_path: Path
) -> None:
    model = Model.load(trained[1], "cpu")
    done = annotate(termed, model, out=tmp_path / "a.h5")
    with Annotations(done.path) as given, Store(termed) as store:
        chance, chosen = given.probabilities("marks"), given.chosen("marks")
        assert given.is_terms("marks") and not given.is_terms("side")
        thresholds = np.array(model.manifest.tasks[1].thresholds, np.float32)
        np.testing.assert_array_equal(chosen, chance >= thresholds)
        answers = next(model.classify(store.read(0, 8)))
        np.testing.assert_allclose(chance[:8], answers["probabilities_marks"], atol=1e-5)
        assert roc_auc(store.terms("marks")[:, 0] == 1, chance[:, 0]) > 0.7  # it has learnt something
        assert (given.class_index("side") == given.probabilities("side").argmax(1)).all()
    write_csv(done.path, termed, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["marks_chosen"].split("|") for row in rows if row["marks_chosen"]] == [
        [TERMS.classes[k] for k in np.flatnonzero(row)] for row in chosen if row.any()
    ]
    assert float(rows[3]["marks:lower_probability"]) == pytest.approx(float(chance[3, 1]), abs=1e-4)


def test_saliency_of_a_term_is_the_gradient_of_its_logit(
    trained: tuple[TwoStepTraining, Path], termed: Path, tmp_path: Path
) -> None:
    model = Model.load(trained[1], "cpu")
    assert model.logit_index("marks", "lower") == 4 + 1
    with pytest.raises(BundleError, match="knows no marks 'nose'; its tasks: corner, marks, side"):
        model.logit_index("marks", "nose")
    done = annotate(termed, model, out=tmp_path / "a.h5", saliency=True)
    with Store(termed) as store, Annotations(done.path) as given:
        source = Source(store, given, model)
        rows = choose(source, MappedTerms("marks"), "lower").rows[:3]
        np.testing.assert_array_equal(np.flatnonzero(given.chosen("marks")[:, 1])[:3], rows)
        images = store.select(rows)
        maps = saliency_source(source, MappedTerms("marks", "lower"))(rows, images)
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).double() / 255
    network = trained[0].network.double()
    (gradient,) = torch.autograd.grad(network(pixels.requires_grad_())[0][:, 5].sum(), pixels)
    network.float()
    np.testing.assert_allclose(maps, gradient.abs().amax(1).numpy(), rtol=1e-3, atol=1e-5)


def test_evaluation_scores_terms_by_bag(trained: tuple[TwoStepTraining, Path], termed: Path) -> None:
    found = evaluate(termed, Model.load(trained[1], "cpu"))
    marks = found.terms["marks"]
    with Store(termed) as store:
        test = trained[0].data.part == 2
        known = test & (store.terms("marks")[:, 0] != 255)
        bags = {(gene, side) for gene, side in zip(store.genes[known], store.labels("side")[known], strict=True)}
    assert marks.n_bags == len(bags)
    assert {one.stage_range for one in marks.terms} <= {"left", "right"}
    assert {one.term for one in marks.terms} <= {"upper", "lower"}
    assert '"marks"' in found.to_json()


def test_going_on_ends_with_the_same_weights(termed: Path) -> None:
    config = small_config().having(tasks=("marks",), coarse_epochs=1, fine_epochs=2, feature_epochs=2)
    with Store(termed) as store:
        data = load_data(store, config)
    whole = TwoStepTraining(data, config)
    kept = [(checkpoint.step, checkpoint.epoch, _copied(checkpoint)) for _, checkpoint in whole.run(lambda count: None)]
    for place in (1, 3):  # within the fine step, within the feature step
        again = TwoStepTraining(data, config)
        again.resume(kept[place][2])
        for _ in again.run(lambda count: None):
            pass
        for name, value in whole.network.state_dict().items():
            assert torch.equal(value, again.network.state_dict()[name]), name


def _copied(checkpoint: Checkpoint) -> Checkpoint:
    weights = {name: value.clone() for name, value in checkpoint.weights.items()}
    optimizer = {name: value.clone() for name, value in checkpoint.optimizer.items()}
    return replace(checkpoint, weights=weights, optimizer=optimizer)


def test_set_weights_are_not_learnt(termed: Path) -> None:
    config = small_config().having(method="plain", tasks=("marks",), task_weights=(1.0, 0.5), fine_epochs=1)
    with Store(termed) as store:
        training = TwoStepTraining(load_data(store, config), config)
    for _ in training.run(lambda count: None):
        pass
    assert training.network.log_variances is None
