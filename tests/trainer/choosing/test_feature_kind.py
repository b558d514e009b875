"""Which kind of features is taken, on planted features of which one kind alone tells the classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from lsl_shared import Store
from lsl_trainer.choosing.choose import Watch
from lsl_trainer.choosing.feature_kind import choose_kind, leaves_kind_open
from lsl_trainer.choosing.resolve import chosen_config
from lsl_trainer.data.load import load_data
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning import backbones
from lsl_trainer.learning.backbones import Backbone
from lsl_trainer.learning.processes import one_process
from lsl_trainer.networks.block_output import BlockOutput
from lsl_trainer.networks.trunk import PooledTrunk, Trunk
from lsl_trainer.settings.config import TrainConfig
from tests.support.squares import small_config


class Planted(Trunk):
    """Of the four quarters of an image, the brightness is in the class token; map and registers know none of it."""

    def __init__(self) -> None:
        super().__init__(["only"])
        self.weight = torch.nn.Parameter(torch.ones(1))

    def outputs(self, images: Tensor) -> list[BlockOutput]:
        quarters = torch.nn.functional.adaptive_avg_pool2d(images, 2)  # (B, 3, 2, 2)
        nothing = self.weight * torch.zeros_like(quarters)
        return [BlockOutput(nothing, self.weight * quarters.flatten(1), nothing.flatten(1))]

    def maps(self, images: Tensor) -> list[Tensor]:
        return [one.map for one in self.outputs(images)]


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> TrainConfig:
    def found(config: TrainConfig, image_size: tuple[int, int]) -> Backbone:
        body = PooledTrunk(Planted(), image_size)
        return Backbone(body, body.n_features, dict(body.state_dict()), (0.0,) * 3, (1.0,) * 3)

    monkeypatch.setattr(backbones, "find_backbone", found)
    return small_config().having(method="linear", backbone="hf:planted")


@pytest.fixture
def data(store: Path, config: TrainConfig) -> TrainingData:
    with Store(store) as opened:
        return load_data(opened, config)


def test_it_is_open_where_nobody_named_it_and_nothing_of_the_backbone_learns() -> None:
    hub = small_config().having(method="plain", backbone="hf:somewhere")
    assert not leaves_kind_open(hub), "all of it learns"
    assert leaves_kind_open(hub.having(freeze=True)) and leaves_kind_open(hub.having(method="linear"))
    assert not leaves_kind_open(hub.having(freeze=True, feature_kind="cls"))
    assert not leaves_kind_open(hub.having(freeze=True, transfer_blocks=1))
    assert not leaves_kind_open(hub.having(method="linear", backbone="efficientnet-lite0"))
    assert hub.transfer.kind == "cells"


def test_the_kind_that_tells_left_out_genes_is_taken_and_told(data: TrainingData, config: TrainConfig) -> None:
    found = choose_kind(data, config, torch.device("cpu"), None, Watch())
    assert found.settings["feature_kind"] in ("cls", "cls+mean")
    scores = {one.name: one.score or 0.0 for one in found.scores}
    assert set(scores) == {f"features {kind}" for kind in ("cells", "mean", "cls", "cls+mean", "registers")}
    assert scores["features cls"] > 0.9 > 0.7 > scores["features cells"] == scores["features registers"]
    assert "features cls" in found.lines[2]


def test_no_held_out_image_is_looked_at(data: TrainingData, config: TrainConfig) -> None:
    before = choose_kind(data, config, torch.device("cpu"), None, Watch())
    images = data.fine.images.copy()
    images[np.setdiff1d(np.arange(len(images)), data.learnt_rows)] = 0
    from dataclasses import replace

    moved = replace(data, fine=replace(data.fine, images=images))
    assert choose_kind(moved, config, torch.device("cpu"), None, Watch()).scores == before.scores


def test_the_run_keeps_what_was_chosen(data: TrainingData, config: TrainConfig, tmp_path: Path) -> None:
    made = chosen_config(data, config, one_process(), tmp_path, tmp_path / "features", Watch())
    assert made.transfer.feature_kind in ("cls", "cls+mean") and made.method == "linear"
    parts = sorted((tmp_path / "features").iterdir())
    assert parts, "the features of the training are those that chose"
    again = chosen_config(data, config, one_process(), tmp_path, tmp_path / "none", Watch())
    assert again == made and not (tmp_path / "none").exists()
