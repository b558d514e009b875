"""Which kind of features is taken, on planted features of which one kind alone tells the classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from lsl_shared import LabelSpace, Store, StoreWriter
from lsl_trainer.choosing.choose import Watch
from lsl_trainer.choosing.feature_kind import choose_kind, leaves_kind_open
from lsl_trainer.choosing.kind_by_tasks import targets_of
from lsl_trainer.choosing.resolve import chosen_config
from lsl_trainer.data.load import load_data
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning import backbones
from lsl_trainer.learning.backbones import Backbone
from lsl_trainer.learning.processes import one_process
from lsl_trainer.networks.block_output import BlockOutput
from lsl_trainer.networks.trunk import PooledTrunk, Trunk
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.tasks.classes import ClassTask
from lsl_trainer.tasks.terms import TermTask
from tests.support.squares import COARSE, FINE, SIZE, TERMS, small_config, square


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


@pytest.fixture(scope="module")
def sided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 squares of 25 genes, with a term for each side; a third is not annotated, a third has a fine label."""
    generator, path = np.random.default_rng(0), tmp_path_factory.mktemp("sided") / "store.h5"
    corners, places = generator.integers(0, 4, 100), np.arange(100)
    carried = np.stack([corners < 2, corners >= 2, corners < 0], axis=1).astype(np.uint8)
    carried[places % 3 == 1] = 255
    with StoreWriter(path, *SIZE) as writer:
        for place, corner in enumerate(corners):
            writer.append(square(corner, generator), id=f"image{place}", gene=f"gene{place // 4}")
        writer.add_task(COARSE, corners // 2)
        writer.add_task(FINE, np.where(places % 3 == 0, corners, -1))
        writer.add_terms(TERMS, carried)
    return path


@pytest.mark.parametrize("beside", [(), ("marks",)], ids=["alone", "beside classes"])
def test_terms_and_further_tasks_choose_it_too(sided: Path, config: TrainConfig, beside: tuple[str, ...]) -> None:
    asked = config.having(method="plain", freeze=True, fine="corner" if beside else "marks", tasks=beside)
    with Store(sided) as opened:
        data = load_data(opened, asked)
    found = choose_kind(data, asked, torch.device("cpu"), None, Watch())
    scores = {one.name: one.score or 0.0 for one in found.scores}
    assert found.settings["feature_kind"] in ("cls", "cls+mean")
    assert scores["features cls"] > 0.4 > 0.1 > scores["features cells"] >= 0
    assert found.lines[0].endswith(" groups, corner and marks" if beside else " groups, marks")
    assert found.lines[1].startswith("tried on left-out training images, by how much of the labels' spread is told")


def test_targets_are_what_is_known_of_classes_and_of_frequent_terms() -> None:
    labels, groups = np.array([0, 1, -1]), np.array([0, 1, 2])
    classes = ClassTask(LabelSpace("c", ("a", "b", "z")), labels)
    np.testing.assert_array_equal(targets_of(classes, labels, groups), [[1, 0], [0, 1], [np.nan, np.nan]])
    assert targets_of(classes, np.zeros(3, np.int64), groups).shape == (3, 0), "a single class is nothing to tell"
    carried = np.array([[1, 1], [1, 0], [1, -1]])
    terms = TermTask(LabelSpace("t", ("everywhere", "rare")), carried)
    np.testing.assert_array_equal(targets_of(terms, carried, groups), [[1], [1], [1]])
