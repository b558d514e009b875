from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from lsl_runtime import Model
from lsl_shared import ExportError, LabelSpace, Store, StoreWriter, TrainingError
from lsl_trainer import Run, TrainConfig, train
from lsl_trainer.bundle import write as bundle
from tests.support.squares import COARSE, FINE, SIZE, small_config, square


@pytest.fixture(scope="module")
def run(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    config = small_config().having(coarse_epochs=3, fine_epochs=6, feature_epochs=2, graph_precision="fp16")
    return train(store, config, tmp_path_factory.mktemp("runs") / "run")


def test_a_run_holds_all_that_it_promises(run: Run) -> None:
    found = {path.relative_to(run.path).as_posix() for path in run.path.rglob("*") if path.is_file()}
    found -= {name for name in found if name.startswith("tensorboard/")}  # there where TensorBoard is installed
    assert found == {
        "config.toml", "checkpoints/epochs.json", "checkpoints/last.safetensors",
        "checkpoints/coarse.safetensors", "checkpoints/fine.safetensors", "checkpoints/feature.safetensors",
        "metrics.json", "report.html", "model/classifier.onnx", "model/saliency.onnx", "model/manifest.json",
        "model/contributions.onnx", "model-fp16/contributions.onnx",
        "model/split.csv", "model-fp16/classifier.onnx", "model-fp16/saliency.onnx", "model-fp16/manifest.json",
        "model-fp16/split.csv",
    }  # fmt: skip


def test_the_bundle_tells_the_squares_of_unseen_genes(run: Run, store: Path) -> None:
    model = Model.load(run.path / "model", device="cpu", verify=True)
    with (run.path / "model" / "split.csv").open() as stream:
        part = {row["id"]: row["part"] for row in csv.DictReader(stream)}
    with Store(store) as opened:
        test = np.array([part[name] == "test" for name in opened.ids]) & (opened.labels("corner") >= 0)
        predicted = model.predict(opened.select(np.flatnonzero(test)))
        right = np.mean(predicted.class_index == opened.labels("corner")[test])
    assert right > 0.8
    assert run.metrics["evaluation"]["labelled"]["accuracy"] == pytest.approx(right)


def test_the_manifest_says_what_the_model_is(run: Run, store: Path) -> None:
    manifest = Model.load(run.path / "model").manifest
    task = manifest.tasks[0]
    assert (task.name, task.classes, task.parent, task.parent_classes) == (
        "corner", ("a", "b", "c", "d"), "side", ("left", "right", "none"),
    )  # fmt: skip
    assert sum(task.class_priors) == pytest.approx(1)
    with Store(store) as opened:
        assert manifest.store_fingerprint == opened.fingerprint()
    assert manifest.training["method"] == "feature-level"
    assert manifest.test_metrics["accuracy"] == pytest.approx(run.metrics["evaluation"]["labelled"]["accuracy"])


def test_metrics_json_is_what_the_run_returns(run: Run) -> None:
    assert json.loads((run.path / "metrics.json").read_text())["epochs"] == run.metrics["epochs"]
    assert [epoch["step"] for epoch in run.metrics["epochs"]] == ["coarse"] * 3 + ["fine"] * 6 + ["feature"] * 2


def test_checkpoints_are_the_weights_of_each_step(run: Run) -> None:
    coarse, fine = (load_file(run.path / "checkpoints" / f"{step}.safetensors") for step in ("coarse", "fine"))
    assert coarse["head.weight"].shape[0] == 3
    assert fine["head.weight"].shape[0] == 4
    assert set(coarse) == set(fine)


def test_the_report_is_one_file_with_the_figures(run: Run) -> None:
    page = (run.path / "report.html").read_text()
    assert page.count("<svg") == 3
    assert page.count("data:image/png;base64,") >= 8
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "https://matplotlib.org", ""
    ).replace("http://creativecommons.org", "")
    assert f"{100 * run.metrics['evaluation']['labelled']['accuracy']:.1f} %" in page


def test_the_report_shows_reliability_references_and_versions(run: Run) -> None:
    page = (run.path / "report.html").read_text()
    assert "Do the probabilities mean what they say?" in page
    assert page.count("data:image/jpeg;base64,") >= 4, "a reference for each class"
    assert f"torch {run.metrics['versions']['torch']}" in page
    assert "coarse: 3 epochs" in page


def test_metrics_tell_the_calibration_with_its_uncertainty(run: Run) -> None:
    calibration = run.metrics["calibration"]
    scores = run.metrics["evaluation"]["labelled"]
    for name in ("nll", "brier", "ece"):
        assert calibration["after"][name]["value"] == pytest.approx(scores[name], abs=1e-5)
        assert calibration["before"][name]["low"] <= calibration["before"][name]["high"]
    assert (calibration["n_images"], calibration["n_genes"]) == (scores["n_images"], scores["n_genes"])


def test_an_existing_folder_is_left_alone(store: Path, config: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "kept.txt").write_text("mine")
    with pytest.raises(TrainingError, match="exists already; choose another --out"):
        train(store, config, tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["kept.txt"]


def test_a_failing_export_leaves_no_bundle(
    store: Path, config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **values: object) -> None:
        raise ExportError("saliency differs by 1e-1")

    monkeypatch.setattr(bundle, "verify_graphs", refuse)
    with pytest.raises(ExportError):
        train(store, config.having(method="plain", fine_epochs=1), tmp_path / "run")
    assert not [path for path in (tmp_path / "run").iterdir() if "model" in path.name]


def test_a_seed_gives_the_same_graphs_twice(store: Path, config: TrainConfig, tmp_path: Path) -> None:
    short = config.having(coarse_epochs=1, fine_epochs=1, feature_epochs=1)
    for name in ("first", "again"):
        train(store, short, tmp_path / name)
    weights = [load_file(tmp_path / name / "checkpoints" / "feature.safetensors") for name in ("first", "again")]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    digests = [Model.load(tmp_path / name / "model").digest for name in ("first", "again")]
    assert digests[0] == digests[1]


def test_the_baseline_goes_through_the_same_door(store: Path, config: TrainConfig, tmp_path: Path) -> None:
    run = train(store, config.having(method="gabor"), tmp_path / "run")
    model = Model.load(run.path / "model", verify=True)
    assert run.metrics["evaluation"]["labelled"]["accuracy"] > 0.8
    with Store(store) as opened:
        maps = model.saliency(opened.read(0, 4))
    assert maps.shape == (4, 36, 48)
    assert (maps.max((1, 2)) > 0).all()


def test_a_store_of_one_gene_is_learnt_whole_and_the_run_says_so(config: TrainConfig, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    with StoreWriter(tmp_path / "store.h5", 36, 48) as writer:
        for number in range(40):
            writer.append(generator.integers(0, 255, (36, 48, 3), dtype=np.uint8), id=str(number), gene="only")
        writer.add_task(LabelSpace("corner", ("a", "b")), np.arange(40) % 2)
    run = train(tmp_path / "store.h5", config.having(method="plain", fine_epochs=1), tmp_path / "run")
    assert "left for the test" in run.notes[0]
    assert run.metrics["evaluation"]["part"] == "all"
    assert (tmp_path / "run" / "report.html").exists()


def test_few_lopsided_labels_are_learnt(config: TrainConfig, tmp_path: Path) -> None:
    """Fewer images than a batch, a class with one image, a fine label without its coarse one, a childless class."""
    fine = np.array([0, 0, 0, 0, 1, 2, 2, 3, 3, -1, -1, -1])
    coarse = np.array([0, -1, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
    generator = np.random.default_rng(0)
    with StoreWriter(tmp_path / "store.h5", *SIZE) as writer:
        for number, corner in enumerate(fine):
            writer.append(square(corner, generator), id=str(number), gene=f"gene{number}", split="train")
        writer.add_task(COARSE, coarse)
        writer.add_task(FINE, fine)
    run = train(tmp_path / "store.h5", config.having(split="stored", batch_size=16), tmp_path / "run")
    assert [epoch["step"] for epoch in run.metrics["epochs"]] == ["coarse"] * 4 + ["fine"] * 8 + ["feature"] * 3
    task = Model.load(run.path / "model", verify=True).task
    assert task.class_priors == pytest.approx([4 / 9, 1 / 9, 2 / 9, 2 / 9])
    assert task.conformal_threshold is None
    assert any("left for the test" in note for note in run.notes)
