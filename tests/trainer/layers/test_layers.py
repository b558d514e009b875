from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from lsl_shared import Store
from lsl_shared.errors import ConfigError
from lsl_trainer.cli import app
from lsl_trainer.data.load import load_data
from lsl_trainer.layers.cli import blocks_meant
from lsl_trainer.layers.figure import draw_layers, write_layers
from lsl_trainer.layers.layers import (
    LayerScore,
    block_features,
    block_names,
    cross_validated,
    joined_groups,
    score_layers,
)
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.checkpoint import save_weights
from lsl_trainer.reporting.drawing import BLUE, RED
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.config_file import write_config
from tests.support.pictures import coloured, decoded
from tests.support.squares import SIZE, small_config


@pytest.fixture(scope="module")
def config(termed: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """Settings that look into a network that has learnt the sides."""
    run, settings = tmp_path_factory.mktemp("run"), small_config().having(method="plain", fine="side", fine_epochs=6)
    with Store(termed) as store:
        training = TwoStepTraining(load_data(store, settings), settings)
    *_, (_, last) = training.run(lambda count: None)
    write_config(settings, run / "config.toml")
    save_weights(run / "checkpoints" / "fine.safetensors", last)
    return small_config().having(method="plain", fine="side", backbone=str(run), tasks=("marks",))


def test_every_block_is_scored_on_every_task(termed: Path, config: TrainConfig, tmp_path: Path) -> None:
    with Store(termed) as store:
        found = score_layers(store, config)
        chosen = score_layers(store, config, [3])
    assert [(one.task, one.block, one.name) for one in found] == [
        (task, block, name)
        for task in ("side", "marks")
        for block, name in enumerate(("stem", "block 1", "block 2"), 1)
    ]
    assert chosen == [one for one in found if one.block == 3]
    assert max(one.value for one in found if one.task == "side") > 0.8 > found[0].chance
    assert all(one.interval and one.interval[0] <= one.value <= one.interval[1] for one in found if one.task == "side")


def scores(task: str, values: Iterable[float], interval: bool) -> list[LayerScore]:
    """A block for each value; intervals reach a tenth to both sides."""
    return [
        LayerScore(
            block, f"block {block}", 8 * block, task, "accuracy", value,
            (value - 0.1, value + 0.1) if interval else None, 0.25, 40,
        )
        for block, value in enumerate(values, 1)
    ]  # fmt: skip


FOUND = [*scores("side", (0.3, 0.8, 0.5), True), *scores("marks", (0.4, 0.5), False)]


def test_the_table_has_a_row_for_each_block_and_task(tmp_path: Path) -> None:
    table, _ = write_layers(tmp_path, FOUND)
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[1] == {
        "task": "side", "block": "2", "name": "block 2", "features": "16", "measure": "accuracy", "value": "0.8",
        "low": "0.7000000000000001", "high": "0.9", "chance": "0.25", "images": "40",
    }  # fmt: skip
    assert [(row["task"], row["value"], row["low"]) for row in rows[3:]] == [("marks", "0.4", ""), ("marks", "0.5", "")]


def test_the_picture_has_a_panel_for_each_task_with_the_best_block_marked(tmp_path: Path) -> None:
    side, marks = draw_layers(FOUND).axes
    for axes, task, values in ((side, "side", [0.3, 0.8, 0.5]), (marks, "marks", [0.4, 0.5])):
        line, by_chance, best = axes.lines
        assert axes.get_title() == task
        np.testing.assert_array_equal(line.get_ydata(), values)
        assert [label.get_text() for label in axes.get_xticklabels()] == [f"block {k + 1}" for k in range(len(values))]
        np.testing.assert_array_equal(by_chance.get_ydata(), [0.25, 0.25])
        np.testing.assert_array_equal(best.get_ydata(), [max(values)])
        assert (line.get_color(), best.get_color()) == (BLUE, RED)
    assert [len(axes.collections) for axes in (side, marks)] == [1, 0], "a band where there are intervals"
    _, picture = write_layers(tmp_path, FOUND)
    shown = decoded(picture)
    assert shown.shape == (3.8 * 150, 2 * 5.6 * 150, 3)
    for half in np.split(shown, 2, axis=1):
        for colour in (BLUE, RED):
            assert coloured(half, colour).sum() > 20


def test_features_are_the_block_s_means_over_cells(termed: Path, config: TrainConfig) -> None:
    from lsl_trainer.learning.backbones import transferred_network

    network = transferred_network(config, SIZE, 2).eval()
    with Store(termed) as store:
        images = store.read(0, 20)
    found = block_features(network, images)
    assert block_names(network) == ("stem", "block 1", "block 2")
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        assert isinstance(network.body, nn.Sequential)
        last = network.body[:-2]((pixels - network.mean) / network.std)  # (20, 16, 5, 6): no pooling, no flattening
    assert found[-1].shape == (20, 16 * 3 * 3)
    expected = torch.nn.functional.adaptive_avg_pool2d(last, (3, 3)).flatten(1)
    np.testing.assert_allclose(found[-1], expected.numpy(), atol=1e-5)


def test_no_image_is_scored_by_a_classifier_that_saw_its_gene() -> None:
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(12), 5)
    gene = np.eye(12)[groups] * 10  # tells the gene, and so the label, by heart
    labels = generator.integers(0, 2, 12)[groups]
    scores = cross_validated(gene, np.eye(2)[labels], groups)
    majority = [np.bincount(labels[groups != g], minlength=2).argmax() for g in groups]
    np.testing.assert_array_equal(
        scores.argmax(1)[scores[:, 0] != scores[:, 1]], np.array(majority)[scores[:, 0] != scores[:, 1]]
    )


def test_genes_that_share_a_photograph_are_one(termed: Path) -> None:
    with Store(termed) as store:
        images = store.read(0, len(store))
        images[0] = images[-1]
        groups = joined_groups(store, images)
    assert groups[0] == groups[4] == groups[-1]
    assert len(np.unique(groups)) == 23


def test_what_cannot_be_looked_into(termed: Path, config: TrainConfig) -> None:
    with Store(termed) as store:
        with pytest.raises(ConfigError, match="--layers looks into an F that has been trained"):
            score_layers(store, small_config())
        with pytest.raises(ConfigError, match="has blocks 1 to 3, received 4"):
            score_layers(store, config, [4])
    assert blocks_meant("all") == []
    assert blocks_meant("3,1") == [3, 1]
    with pytest.raises(ConfigError, match=r"numbers of blocks such as 3,7; received 'deep'"):
        blocks_meant("deep")


def test_the_command_prints_the_table_and_writes_it(termed: Path, config: TrainConfig, tmp_path: Path) -> None:
    asked = [
        "--fine",
        "side",
        "--method",
        "plain",
        "--preset",
        "tiny",
        "--backbone",
        config.transfer.backbone,
        "--task",
        "marks",
    ]
    called = CliRunner().invoke(app, [str(termed), *asked, "--layers", "2,3", "--out", str(tmp_path / "run")])
    assert called.exit_code == 0, called.output
    assert "3 block 2" in called.output
    assert (tmp_path / "run" / "layers.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader((tmp_path / "run" / "layers.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["task"], row["block"]) for row in rows] == [
        ("side", "2"),
        ("side", "3"),
        ("marks", "2"),
        ("marks", "3"),
    ]
    assert all(f"{float(row['value']):.3f}" in called.output for row in rows)
    assert not (tmp_path / "run" / "model").exists()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--layers", "all"], "name it with --backbone"),
        (["--backbone", "nowhere"], "neither efficientnet-lite0, nor hf:NAME or hf:FOLDER, nor the folder of a run"),
        (["--task", "nose"], "--task nose: no further task of"),
        (["--task", "marks", "--task-weight", "1"], "received 1 for 2 tasks"),
        (["--freeze"], "go with --backbone"),
    ],
)
def test_what_does_not_go_together_is_told(termed: Path, tmp_path: Path, asked: list[str], told: str) -> None:
    given = [str(termed), "--fine", "side", "--method", "plain", "--preset", "tiny", "--out", str(tmp_path / "run")]
    called = CliRunner().invoke(app, [*given, *asked])
    assert called.exit_code == 1
    assert told in " ".join(called.output.split())
