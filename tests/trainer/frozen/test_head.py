"""Trainings whose F is frozen: each image passes F once, and the whole network comes out."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch

from lsl_shared import Store
from lsl_trainer import TrainConfig, train
from lsl_trainer.data.load import load_data
from lsl_trainer.frozen.features import FEATURES, FrozenFeatures
from lsl_trainer.frozen.head import answering
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.checkpoint import Checkpoint, save_weights, write_checkpoint
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.runs.run_folder import METRICS
from lsl_trainer.settings.config_file import write_config
from tests.support.squares import small_config


@pytest.fixture(scope="module")
def config(store: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """Settings that take a learnt F, frozen."""
    out, settings = tmp_path_factory.mktemp("earlier") / "run", small_config().having(method="plain", fine="side")
    with Store(store) as opened:
        training = TwoStepTraining(load_data(opened, settings), settings)
    write_config(settings, out / "config.toml")
    *_, (_, last) = training.run(lambda count: None)
    save_weights(out / "checkpoints" / "fine.safetensors", last)
    return small_config().having(backbone=str(out), freeze=True, fine_epochs=20)


def finished(
    store: Path, config: TrainConfig, folder: Path | None = None
) -> tuple[TwoStepTraining, list[Checkpoint], int]:
    with Store(store) as opened:
        training = TwoStepTraining(load_data(opened, config), config, features=folder)
    counted: list[int] = []
    kept = [deepcopy(checkpoint) for _, checkpoint in training.run(counted.append)]
    assert sum(counted) == training.total_images
    return training, kept, sum(counted)


@pytest.mark.parametrize("method", ["feature-level", "coarse-constrained"])
def test_f_stays_and_the_head_learns(store: Path, config: TrainConfig, method: str) -> None:
    settings = config.having(method=method, constrained_epochs=4)
    with Store(store) as opened:
        before = TwoStepTraining(load_data(opened, settings), settings).network.state_dict()
    training, kept, _ = finished(store, settings)
    after = training.network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items() if name.startswith("body"))
    assert set(kept[-1].weights) >= set(after), "a checkpoint holds the whole network"
    test = training.data.test
    right = logits_of(training.network, test.images, test.rows).argmax(1).numpy() == test.labels
    assert right.mean() > 0.7


def test_the_head_answers_for_the_network_where_f_is_frozen(store: Path, config: TrainConfig, tmp_path: Path) -> None:
    training, _, _ = finished(store, config, tmp_path)
    quick, asked = answering(training.network, training.data, tmp_path)
    assert asked.calibration.images.dtype == np.float32
    for name in ("calibration", "fine"):
        found, wanted = (
            logits_of(network, images.images, images.rows)
            for network, images in ((quick, getattr(asked, name)), (training.network, getattr(training.data, name)))
        )
        assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-4)
    training.network.body.requires_grad_(True)
    assert answering(training.network, training.data, tmp_path) == (training.network, training.data)


def test_images_pass_f_once(store: Path, config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[bytes] = []
    real = FrozenFeatures._compute

    def count(self: FrozenFeatures, images: np.ndarray, contents: list[bytes], *rest: object) -> object:
        passed.extend(contents)
        return real(self, images, contents, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(FrozenFeatures, "_compute", count)
    for seed in (0, 1):  # another split, the same images
        finished(store, config.having(seed=seed), tmp_path)
    assert len(passed) == len(set(passed)) > 200


def test_the_features_lie_beside_the_run(
    store: Path, config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_more(training: TwoStepTraining, store: Path, out: Path, *further: object) -> None:
        (out / METRICS).write_text("{}")

    monkeypatch.setattr("lsl_trainer.runs.training.finish_run", nothing_more)
    kept: list[str] = []

    def note(path: Path, checkpoint: Checkpoint, data_digest: str) -> None:
        kept.append(f"{checkpoint.step} {checkpoint.epoch}")
        write_checkpoint(path, checkpoint, data_digest)

    monkeypatch.setattr("lsl_trainer.runs.epochs.write_checkpoint", note)
    train(store, config.having(fine_epochs=2), tmp_path / "run")
    assert list((tmp_path / FEATURES).iterdir())
    assert kept == ["coarse 4", "fine 2", "feature 3"], "epochs over features take less than writing the whole network"


def test_it_goes_on_after_a_checkpoint_to_the_same_weights(store: Path, config: TrainConfig, tmp_path: Path) -> None:
    whole, kept, _ = finished(store, config, tmp_path)
    with Store(store) as opened:
        training = TwoStepTraining(load_data(opened, config), config, features=tmp_path)
    training.resume(kept[6])
    for _ in training.run(lambda count: None):
        pass
    wanted, found = whole.network.state_dict(), training.network.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in wanted.items())
