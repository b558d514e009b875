import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from lsl_shared import Store
from lsl_shared.errors import ConfigError
from lsl_trainer.cli import app
from lsl_trainer.data.load import load_data
from lsl_trainer.layers.cli import blocks_meant
from lsl_trainer.layers.figure import write_layers
from lsl_trainer.layers.layers import block_features, block_names, cross_validated, joined_groups, score_layers
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.checkpoint import save_weights
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.config_file import write_config
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
    table, picture = write_layers(tmp_path, found)
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["value"]) for row in rows] == [one.value for one in found]
    assert np.asarray(Image.open(picture)).std() > 5


def test_features_are_the_block_s_means_over_cells(termed: Path, config: TrainConfig) -> None:
    from lsl_trainer.learning.backbones import transferred_network

    network = transferred_network(config, SIZE, 2).eval()
    with Store(termed) as store:
        images = store.read(0, 20)
    found = block_features(network, images)
    assert block_names(network) == ("stem", "block 1", "block 2")
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
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
    assert (tmp_path / "run" / "layers.png").exists()
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
