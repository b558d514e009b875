"""Method linear on squares: coarse labels count, features are computed once, turned images serve."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lsl_shared import ConfigError, Store
from lsl_trainer import PRESETS, TrainConfig
from lsl_trainer.data.load import load_data
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning import backbones
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.backbones import Backbone
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.learning.linear_classifier import turned
from lsl_trainer.networks.trunk import PooledTrunk, Trunk


class Two(Trunk):
    """Two convolutions with random weights."""

    def __init__(self) -> None:
        super().__init__(["one", "two"])
        torch.manual_seed(0)
        self.blocks = nn.ModuleList([nn.Conv2d(3, 8, 5, 2, 2), nn.Conv2d(8, 16, 3, 2, 1)])

    def maps(self, images: Tensor) -> list[Tensor]:
        first = self.blocks[0](images).relu()
        return [first, self.blocks[1](first).relu()]


@pytest.fixture(autouse=True)
def small_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two convolutions in the place of a backbone that was trained elsewhere."""

    def found(config: TrainConfig, image_size: tuple[int, int]) -> Backbone:
        body = PooledTrunk(Two(), image_size)
        return Backbone(body, body.n_features, dict(body.state_dict()), (0.5,) * 3, (0.25,) * 3)

    monkeypatch.setattr(backbones, "find_backbone", found)


def learnt(store: Path, folder: Path | None = None, **given: object) -> tuple[TwoStepTraining, TrainingData]:
    config = PRESETS["tiny"].having(method="linear", backbone="hf:two", **given)
    with Store(store) as opened:
        data = load_data(opened, config)
    training = TwoStepTraining(data, config, features=folder)
    for _ in training.run(lambda images: None):
        pass
    return training, data


def right(training: TwoStepTraining, data: TrainingData) -> float:
    logits = logits_of(training.network, data.test.images, data.test.rows)
    return float(np.mean(logits.argmax(1).numpy() == data.test.labels))


def test_it_learns_from_fine_and_coarse_labels(store: Path) -> None:
    training, data = learnt(store, feature_blocks=(1, 2))
    assert len(data.coarse) > 2 * len(data.fine) and training.network.head.out_features == 4
    assert right(training, data) > 0.9
    again, _ = learnt(store, feature_blocks=(1, 2))
    assert torch.equal(again.network.head.weight, training.network.head.weight), "the same seed, the same weights"


def test_features_that_were_kept_are_not_computed_again(store: Path, tmp_path: Path) -> None:
    first, _ = learnt(store, tmp_path, feature_blocks=(2,), turned=True)
    files = sorted(tmp_path.iterdir())
    second, _ = learnt(store, tmp_path, feature_blocks=(2,), turned=True)
    assert files and sorted(tmp_path.iterdir()) == files
    assert torch.equal(first.network.head.weight, second.network.head.weight)


def test_square_images_are_turned_and_others_mirrored() -> None:
    square, other = np.random.default_rng(0).integers(0, 255, (2, 2, 4, 4, 3)).astype(np.uint8)
    assert np.array_equal(turned(square, 1)[1], np.rot90(square[1]))
    assert np.array_equal(turned(other[:, :3], 3)[0], other[0, 2::-1, ::-1])
    for view in range(4):
        assert turned(other[:, :3], view).shape == (2, 3, 4, 3)


def test_it_needs_a_backbone_and_a_block_that_is_there(store: Path) -> None:
    with pytest.raises(ConfigError, match="--method linear needs --backbone"):
        TrainConfig(method="linear")
    with pytest.raises(ConfigError, match="--feature-block: hf:two has 2 blocks, received 3"):
        learnt(store, feature_blocks=(3,))
    with pytest.raises(ConfigError, match="--enlarge is 1, 2 or 4, received 3"):
        TrainConfig(enlarge=3)


def test_what_is_left_out_of_a_fold_does_not_depend_on_its_labels(store: Path) -> None:
    training, data = learnt(store, turned=True)
    left_out = training.left_out
    assert left_out is not None and left_out.logits.shape == (len(data.learnt_rows), 5)  # with the childless class
    first = np.isin(data.fine.rows, data.learnt_rows[data.folds == 0])
    labels = np.where(first, (data.fine.labels + 1) % 4, data.fine.labels)
    data = replace(
        data,
        fine=replace(data.fine, labels=labels),
        constrained=replace(data.constrained, labels=np.full(len(data.constrained), -1)),
    )
    other = TwoStepTraining(data, training.config)
    for _ in other.run(lambda images: None):
        pass
    assert other.left_out is not None
    np.testing.assert_allclose(other.left_out.logits[data.folds == 0], left_out.logits[data.folds == 0], atol=1e-3)
    assert np.abs(other.left_out.logits[data.folds == 1] - left_out.logits[data.folds == 1]).max() > 0.1
