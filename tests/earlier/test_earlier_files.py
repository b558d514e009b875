"""What version 0.1.0 wrote is read, joined and gone on with (see `make.py`)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime import Model, annotate, build_gems, join_shards, read_comparison, read_gem, write_gems
from lsl_shared import Annotations, Status, Store
from lsl_trainer import train
from lsl_trainer.settings.config_file import read_config

EARLIER = Path(__file__).parent / "0.1.0"
EXPECTED = json.loads((EARLIER / "expected.json").read_text())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the files, to be written to."""
    return Path(shutil.copytree(EARLIER, tmp_path / "0.1.0"))


def test_the_store() -> None:
    with Store(EARLIER / "store.h5") as store:
        assert len(store) == 48 and store.shape == (48, 24, 32)
        assert set(store.tasks) == {"side", "corner"} and set(store.term_tasks) == {"marks"}
        assert store.fingerprint() == EXPECTED["fingerprint"]


def test_the_bundle_answers_as_it_did() -> None:
    model = Model.load(EARLIER / "run" / "model", "cpu", verify=True)
    assert model.digest == EXPECTED["digest"]
    with Store(EARLIER / "store.h5") as store:
        found = model.predict(store.read(0, len(store)))
    assert found.class_index.tolist() == EXPECTED["classes"]
    np.testing.assert_allclose(found.probabilities, EXPECTED["probabilities"], atol=2e-4)


def test_the_annotations_are_finished(folder: Path) -> None:
    model = Model.load(folder / "run" / "model", "cpu")
    with Annotations(folder / "store.annotations.h5") as given:
        assert given.has_saliency and given.has_features and given.constrained_by == "side"
        assert given.class_index("corner")[given.status == 1].tolist() == [
            index for index, status in zip(EXPECTED["classes"], given.status, strict=True) if status == 1
        ]
    done = annotate(folder / "store.h5", model, saliency=True, features=True, constrain="side")
    assert done.resumed == done.images == 48, "nothing is done again"


def test_the_parts_are_joined(folder: Path) -> None:
    shutil.copyfile(folder / "store.h5", folder / "parts.h5")
    done = join_shards(folder / "parts.h5", Model.load(folder / "run" / "model", "cpu"))
    assert done.images == 48
    with Annotations(done.path) as joined, Annotations(folder / "store.annotations.h5") as whole:
        assert joined.store == "parts.h5" and whole.store == ""
        for read in (Annotations.probabilities, Annotations.prediction_set, Annotations.class_index):
            np.testing.assert_array_equal(read(joined, "corner"), read(whole, "corner"))
        for cut in (Annotations.features, Annotations.saliency):
            np.testing.assert_array_equal(cut(joined, 0, 48), cut(whole, 0, 48))
    with h5py.File(done.path) as file:
        assert int(file.attrs["version"]) == 2 and file["features"].dtype == np.float32, "parts had float16"


def test_annotations_are_joined_again_where_labels_changed(folder: Path) -> None:
    """The file stays of version 1: its sets are bool."""
    with h5py.File(folder / "store.h5", "r+") as file:
        file["labels/side"][0] = 2  # the side without corners
    model = Model.load(folder / "run" / "model", "cpu")
    with Annotations(folder / "store.annotations.h5") as before:
        sets = before.prediction_set("corner")
    assert annotate(folder / "store.h5", model, saliency=True, features=True, constrain="side").resumed == 48
    with Annotations(folder / "store.annotations.h5") as after:
        assert after.status[0] == Status.OUTSIDE and not after.prediction_set("corner")[0].any()
        np.testing.assert_array_equal(after.prediction_set("corner")[1:], sets[1:])


def test_maps_are_kept_beside_new_ones(folder: Path) -> None:
    old = read_gem(folder / "store.gems" / "gems.h5", "a")
    made = build_gems(folder / "store.h5", ["b"], annotations=folder / "store.annotations.h5")
    assert write_gems(folder / "store.gems", made) == []
    np.testing.assert_array_equal(read_gem(folder / "store.gems" / "gems.h5", "a").gem, old.gem)
    assert read_gem(folder / "store.gems" / "gems.h5", "b").n_images == made[0].n_images


def test_the_maps() -> None:
    gem = read_gem(EARLIER / "store.gems" / "gems.h5", "a")
    assert gem.gem.shape == (24, 32) and gem.masked_gem is not None and gem.n_genes > 1
    assert read_comparison(EARLIER / "store.gems" / "comparison-a-d.h5").names == ("a", "d")


def test_the_interrupted_run_goes_on(folder: Path) -> None:
    config = read_config(folder / "interrupted" / "config.toml")
    assert config.to_dict() == read_config(folder / "run" / "config.toml").to_dict()
    seen: list[tuple[str, int]] = []
    run = train(
        folder / "store.h5", config, folder / "interrupted", resume=True,
        on_epoch=lambda epoch: seen.append((epoch.step, epoch.number)),
    )  # fmt: skip
    assert seen[0] == ("coarse", 3), "after the two epochs that were done"
    finished = json.loads((EARLIER / "run" / "metrics.json").read_text())
    assert run.metrics["epochs"][-1]["step"] == finished["epochs"][-1]["step"] == "feature"
    now, then = ([epoch["loss"] for epoch in metrics["epochs"]] for metrics in (run.metrics, finished))
    np.testing.assert_allclose(now, then, rtol=0.05, atol=0.02)  # AdamW's steps are fused since, and round otherwise
