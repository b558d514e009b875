"""Choosing on stores of squares: without a backbone, in seconds; and a run that is gone on with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lsl_shared import Store
from lsl_trainer import NetworkConfig, TrainConfig
from lsl_trainer.choosing import choose as choosing
from lsl_trainer.choosing.candidate import Candidate, candidate_config, given_settings
from lsl_trainer.choosing.choose import Watch, choose
from lsl_trainer.choosing.parts import folds_of_genes, only
from lsl_trainer.choosing.yardstick import Yardstick
from lsl_trainer.data.load import load_data
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.runs.training import train
from lsl_trainer.settings.presets import PRESETS

SMALL = NetworkConfig(widths=(8,), strides=(2,), stem_stride=2, pool=2)


@pytest.fixture
def auto() -> TrainConfig:
    """A tiny network and a single epoch of everything, chosen automatically."""
    epochs = {f"{step}_epochs": 1 for step in ("coarse", "fine", "feature", "constrained")}
    return PRESETS["tiny"].having(method="auto", network=SMALL, **epochs)


@pytest.fixture
def data(store: Path, auto: TrainConfig) -> TrainingData:
    with Store(store) as opened:
        return load_data(opened, auto)


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without the package of ImageNet weights."""
    monkeypatch.setattr(choosing, "has_imagenet_weights", lambda: False)


def test_without_weights_it_takes_the_network_and_says_what_is_missing(data: TrainingData, auto: TrainConfig) -> None:
    found = choose(data, auto)
    assert found.settings["method"] == "coarse-constrained"
    assert "not tried: a pretrained backbone" in found.lines[1] and "pip install 'lsl-toolkit[train]'" in found.lines[1]
    assert len(found.lines) == 3 and found.scores[0].score is not None
    assert found == choose(data, auto), "the same seed chooses alike"


def test_what_does_not_fit_in_the_budget_is_told_and_the_cheapest_taken(data: TrainingData, auto: TrainConfig) -> None:
    found = choose(data, auto.having(budget=0.0))
    assert found.scores[0].score is None and "takes a --budget of" in found.scores[0].told
    assert found.lines[2].endswith("untried: it costs least")


def test_no_network_is_tried_where_the_left_out_genes_hold_all_fine_labels(
    data: TrainingData, auto: TrainConfig
) -> None:
    rows = data.learnt_rows
    first = rows[folds_of_genes(Yardstick.of(data).groups) == 0]
    few = replace(data, fine=only(data, first).fine)
    assert len(few.fine.rows) and (few.learnt_rows == rows).all()
    found = choose(few, auto)
    assert "all fine labels are of the genes left out" in found.lines[1] and found.settings


def test_neither_test_nor_calibration_images_are_looked_at(data: TrainingData, auto: TrainConfig) -> None:
    before = choose(data, auto)
    images = data.fine.images.copy()
    kept = data.learnt_rows
    images[np.setdiff1d(np.arange(len(images)), kept)] = 0
    moved = {name: replace(getattr(data, name), images=images) for name in ("fine", "coarse", "test", "calibration")}
    wrong = {name: replace(one, labels=np.zeros_like(one.labels)) for name, one in moved.items() if name in ("test",)}
    after = choose(replace(data, **{**moved, **wrong}), auto)
    assert before.scores == after.scores


def test_given_settings_stay(auto: TrainConfig) -> None:
    assert given_settings(PRESETS["tiny"]) == {}
    assert given_settings(auto.having(batch_size=7))["batch_size"] == 7
    chosen = candidate_config(
        auto.having(batch_size=7), Candidate("", {"method": "plain", "batch_size": 32, "seed": 1})
    )
    assert (chosen.method, chosen.descent.batch_size, chosen.seed) == ("plain", 7, 1)


class Killed(BaseException):
    """As a signal that nobody can catch."""


def test_a_run_killed_while_it_chooses_goes_on_to_the_same_end(
    store: Path, auto: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "lsl_trainer.runs.training.finish_run", lambda training, store, out, *further: _note(out, training)
    )

    def kill(name: str, images: int) -> None:
        raise Killed

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(store, auto, whole)
    with Store(store) as opened, pytest.raises(Killed):
        choose(load_data(opened, auto), auto, folder=cut, watch=Watch(on_trial=kill))
    from lsl_trainer.settings.config_file import read_config, write_config

    write_config(auto, cut / "config.toml")
    train(store, read_config(cut / "config.toml"), cut, resume=True)
    assert (whole / "config.toml").read_bytes() == (cut / "config.toml").read_bytes()
    assert (whole / "choice.json").read_bytes() == (cut / "choice.json").read_bytes()
    assert (whole / "metrics.json").read_bytes() == (cut / "metrics.json").read_bytes(), "the same weights"
    repeated = tmp_path / "repeated"
    train(store, read_config(whole / "config.toml"), repeated)
    assert not (repeated / "choice.json").exists(), "nothing was chosen anew"
    assert (repeated / "metrics.json").read_bytes() == (whole / "metrics.json").read_bytes()


def _note(out: Path, training: object) -> None:
    """In place of the bundle: a sum that tells weights apart."""
    import json

    network = training.network  # type: ignore[attr-defined]
    told = [float(parameter.detach().double().sum()) for parameter in network.parameters()]
    (out / "metrics.json").write_text(json.dumps(told))
