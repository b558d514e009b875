"""`--fine cv_terms` alone: a network that learns terms and no classes, from training to the map of a term."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from lsl_runtime import Model, annotate, build_gem, evaluate
from lsl_runtime.annotation.table import annotation_columns
from lsl_runtime.evaluation.term_scores import range_task
from lsl_runtime.gem.cli import app as gem_app
from lsl_shared import Annotations, Store, StoreError, TrainingError
from lsl_shared.measures.term_metrics import bag_means, score_terms
from lsl_trainer.cli import app
from lsl_trainer.data.load import load_data
from lsl_trainer.data.split import TEST
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.runs.training import Run, train
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.tasks.term_loss import positive_weights, term_loss
from tests.support.squares import TERMS, small_config


def alone(**settings: object) -> TrainConfig:
    return small_config().having(method="plain", fine="marks", fine_epochs=12, **settings)


@pytest.fixture(scope="module")
def run(termed: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(termed, alone(), tmp_path_factory.mktemp("alone") / "run")


@pytest.fixture(scope="module")
def model(run: Run) -> Model:
    return Model.load(run.path / "model", "cpu", verify=True)


@pytest.fixture(scope="module")
def annotated(termed: Path, model: Model) -> Path:
    return annotate(termed, model).path


def test_the_data_hold_terms_and_no_classes(termed: Path) -> None:
    with Store(termed) as store:
        data, marks, side = load_data(store, alone()), store.terms("marks"), store.labels("side")
        assert range_task(store) == "side"
    known = (marks != 255).any(1)
    assert data.first == () and data.fine_outputs == 0 and [task.name for task in data.further] == ["marks"]
    assert len(data.test) == (known & (data.part == TEST)).sum() > 0 == len(data.calibration)
    assert (data.fine.labels == -1).all() and len(data.fine) == (known & (data.part == 0)).sum()
    np.testing.assert_array_equal(data.held_ranges, side[known & (data.part == 1)])


def test_the_loss_is_that_of_the_terms(termed: Path) -> None:
    with Store(termed) as store:
        data = load_data(store, alone())
    training = TwoStepTraining(data, alone())
    labels = data.fine.others["marks"]
    images = torch.from_numpy(data.fine.images[data.fine.rows[:8]] / np.float32(255)).permute(0, 3, 1, 2)
    from lsl_trainer.data.batch import Batch

    nothing = torch.full((8,), -1)
    batch = Batch(images, nothing, {"marks": torch.from_numpy(labels[:8])}, torch.arange(8), torch.Generator())
    training.network.eval()
    loss, logits = training.planned[0].begin(training.network).loss(training.network, batch)
    expected = term_loss(training.network(images)[0], torch.from_numpy(labels[:8]), positive_weights(labels))
    assert expected is not None and logits.shape == (8, 3) and training.network.log_variances is None
    torch.testing.assert_close(loss, expected)


def test_the_bundle_has_the_terms_alone(run: Run, model: Model) -> None:
    (task,) = model.manifest.tasks
    assert (task.name, task.kind, task.classes, task.thresholds[2]) == ("marks", "terms", TERMS.classes, 1.0)
    assert model.manifest.scope_threshold is None and model.manifest.test_metrics == {}
    metrics = json.loads((run.path / "metrics.json").read_text("utf-8"))
    assert {epoch["accuracy"] for epoch in metrics["epochs"]} == {None}
    assert metrics["evaluation"]["terms"]["marks"]["auc"] > 0.7 and metrics["evaluation"]["labelled"] is None
    report = (run.path / "report.html").read_text("utf-8")
    assert "marks, on" in report and "average precision" in report and "No test images" not in report
    assert any("never" in note for note in run.notes)


def test_annotations_hold_what_was_chosen(termed: Path, model: Model, annotated: Path) -> None:
    with Annotations(annotated) as given, Store(termed) as store:
        probabilities, chosen = given.probabilities("marks"), given.chosen("marks")
        logits = next(model.classify(store.read(0, 16)))["logits"]
        assert list(given.tasks) == ["marks"] and (given.status == 1).all()
    np.testing.assert_allclose(probabilities[:16], 1 / (1 + np.exp(-logits / model.task.temperature)), atol=1e-5)
    np.testing.assert_array_equal(chosen, probabilities >= np.array(model.task.thresholds, np.float32))
    assert annotate(termed, model).counts == dict(zip(TERMS.classes, chosen.sum(0).tolist(), strict=True))
    columns = annotation_columns(annotated, termed)
    assert columns["marks_chosen"][0] == [TERMS.classes[k] for k in np.flatnonzero(chosen[0])]


def test_predicted_sets_are_the_chosen_terms(termed: Path, model: Model, annotated: Path) -> None:
    with Store(termed) as store, Annotations(annotated) as stored:
        said = model.predict(store.read(0, 20))
        assert np.array_equal(said.prediction_set, stored.chosen("marks")[:20])
    none, all_of_them = (np.full((1, len(TERMS)), value, np.float32) for value in (0, 1))
    for probabilities in (none, all_of_them):
        found = model.predictions(probabilities, said.features[:1]).prediction_set
        assert np.array_equal(found, probabilities > 0)


def test_terms_are_scored_by_bag(termed: Path, model: Model, annotated: Path) -> None:
    found = evaluate(termed, model, everything=True)
    with Store(termed) as store, Annotations(annotated) as given:
        marks = store.terms("marks").astype(int)
        known = (marks != 255).any(1)
        genes, sides = store.groups()[known], store.labels("side")[known]
        bags = bag_means(marks[known], given.probabilities("marks")[known], genes, sides)
    expected = score_terms(bags, np.array(model.task.thresholds), TERMS.classes, ("left", "right", "none"))
    assert found.terms["marks"] == expected
    assert (found.task, found.labelled, found.coarse, found.further) == ("marks", None, None, {})
    assert not any("prediction sets" in note for note in found.notes)


def test_saliency_of_a_term_is_the_gradient_of_its_logit(termed: Path, model: Model) -> None:
    """By differences: a small change of the image moves the logit as the map says at most."""
    with Store(termed) as store:
        images = store.read(0, 2)
    maps = model.saliency(images, [1, 1])
    y, x = np.unravel_index(maps[0].argmax(), maps[0].shape)
    brighter, darker = images.copy(), images.copy()
    brighter[0, y, x] = np.minimum(images[0, y, x].astype(int) + 2, 255)
    darker[0, y, x] = np.maximum(images[0, y, x].astype(int) - 2, 0)
    moved = [next(model.classify(changed))["logits"][0, 1] for changed in (brighter, darker)]
    assert abs(moved[0] - moved[1]) > 0.1 * maps[0, y, x] * 4 / 255
    assert (model.saliency(images, [0, 0]) != maps).any()


def test_a_term_is_mapped(termed: Path, annotated: Path, tmp_path: Path) -> None:
    gem = build_gem(termed, "upper")
    with Annotations(annotated) as given:
        assert (gem.n_images, gem.what) == (int(given.chosen("marks")[:, 0].sum()), "term")
    assert gem.masked_gem is not None and (gem.masked_gem > 0).any()
    called = CliRunner().invoke(gem_app, [str(termed), "--term", "upper", "--out", str(tmp_path / "maps")])
    assert called.exit_code == 0 and (tmp_path / "maps" / "marks-upper.png").exists()
    called = CliRunner().invoke(gem_app, [str(termed), "--stage", "9"])
    assert called.exit_code == 1 and "knows terms alone; map them with --term: upper, lower" in called.output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--method", "feature-level"], "add --method plain, or learn classes as well: --fine side --task marks"),
        (["--method", "plain", "--task", "side"], "learns terms alone: leave --task out"),
        (["--method", "plain", "--patience", "2"], "leave --patience out, or learn classes as well: --fine side"),
        (["--method", "plain", "--folds", "3"], "only a single training learns alone"),
    ],
)
def test_what_needs_classes_says_so(termed: Path, tmp_path: Path, options: list[str], told: str) -> None:
    called = CliRunner().invoke(app, [str(termed), "--fine", "marks", "--out", str(tmp_path / "run"), *options])
    assert called.exit_code == 1 and told in " ".join(called.stderr.split())
    assert not (tmp_path / "run").exists()


def test_a_coarse_task_that_is_not_there(termed: Path) -> None:
    with Store(termed) as store, pytest.raises(StoreError, match="nothing"):
        load_data(store, alone(coarse="nothing"))


def test_without_any_positive_image(termed: Path, tmp_path: Path) -> None:
    path = tmp_path / "store.h5"
    path.write_bytes(termed.read_bytes())
    with h5py.File(path, "r+") as file:
        terms = file["labels/marks"][...]
        file["labels/marks"][...] = np.where(terms == 1, 0, terms)
    with Store(path) as store, pytest.raises(TrainingError, match="no training image carries any term of 'marks'"):
        TwoStepTraining(load_data(store, alone()), alone())
