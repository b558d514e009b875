from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import torch

from lsl_shared import Store
from lsl_shared.errors import ConfigError
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.backbones import transferred_network
from lsl_trainer.learning.checkpoint import read_checkpoint, save_weights, write_checkpoint
from lsl_trainer.networks.residual import block_maps
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.config_file import write_config
from tests.support.squares import SIZE, small_config


@pytest.fixture(scope="module")
def run(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a short run on coarse labels leaves behind, whose F is taken."""
    out, config = tmp_path_factory.mktemp("earlier") / "run", small_config().having(method="plain", fine="side")
    with Store(store) as opened:
        training = TwoStepTraining(load_data(opened, config), config)
    write_config(config, out / "config.toml")
    *_, (_, last) = training.run(lambda count: None)
    save_weights(out / "checkpoints" / "fine.safetensors", last)
    return out


def learnt(config: TrainConfig, store: Path) -> tuple[TwoStepTraining, dict[str, torch.Tensor]]:
    """A training after its last epoch, and the weights it began with."""
    with Store(store) as opened:
        training = TwoStepTraining(load_data(opened, config), config)
    before = {name: value.clone() for name, value in training.network.state_dict().items()}
    for _ in training.run(lambda count: None):
        pass
    return training, before


def changed(training: TwoStepTraining, before: dict[str, torch.Tensor]) -> set[str]:
    after = training.network.state_dict()
    return {name for name, value in before.items() if name.startswith("body") and not torch.equal(value, after[name])}


def test_f_of_an_earlier_run_answers_as_it_did(run: Path, store: Path) -> None:
    from safetensors.torch import load_file

    state = load_file(run / "checkpoints" / "fine.safetensors")
    network = transferred_network(small_config().having(backbone=str(run)), SIZE, 4).eval()
    assert network.head.out_features == 4
    for name, value in network.state_dict().items():
        if not name.startswith("head"):
            assert torch.equal(value, state[name]), name
    assert len(block_maps(network.body, torch.zeros(1, 3, *SIZE))) == 3  # the stem and two blocks


def test_only_the_first_blocks_come_from_the_source(run: Path) -> None:
    config = small_config().having(backbone=str(run), transfer_blocks=2)
    whole, part = (transferred_network(config.having(transfer_blocks=n), SIZE, 4).state_dict() for n in (3, 2))
    fresh = transferred_network(config.having(transfer_blocks=1, seed=5), SIZE, 4).state_dict()
    same = {name for name in whole if name.startswith("body") and torch.equal(whole[name], part[name])}
    assert {name.split(".")[1] for name in same if name.endswith("weight")} == {"0", "1", "3"}
    assert {name.split(".")[1] for name in whole if name.startswith("body.4") and name not in same} == {"4"}
    assert torch.equal(fresh["body.0.weight"], whole["body.0.weight"])
    with pytest.raises(ConfigError, match=r"has 3 blocks, received 4"):
        transferred_network(config.having(transfer_blocks=4), SIZE, 4)


def test_frozen_blocks_keep_weights_and_statistics(run: Path, store: Path) -> None:
    config = small_config().having(method="plain", backbone=str(run), transfer_blocks=2, freeze=True, fine_epochs=1)
    moved = changed(*learnt(config, store))
    assert moved
    assert {name.split(".")[1] for name in moved} == {"4"}  # neither stem (0, 1) nor first block (3)


def test_learning_rates_fall_towards_the_first_block(run: Path, store: Path) -> None:
    config = small_config().having(method="plain", backbone=str(run), layer_decay=0.5, fine_epochs=1)
    network = transferred_network(config, SIZE, 4)
    assert {name.split(".")[1]: scale for name, scale in network.rate_scales.items()} == {
        "0": 0.125, "1": 0.125, "3": 0.25, "4": 0.5,
    }  # fmt: skip
    training, before = learnt(config.having(learning_rate=1e-4, weight_decay=0.0), store)
    after = training.network.state_dict()
    steps = [
        ((after[name] - before[name]).norm() / training_gradient_scale(before[name])).item()
        for name in ("body.0.weight", "head.weight")
    ]
    assert steps[0] < steps[1]


def training_gradient_scale(weights: torch.Tensor) -> float:
    return float(weights.norm())


@pytest.mark.parametrize(
    ("backbone", "told"),
    [
        ("nowhere", "neither efficientnet-lite0, nor hf:NAME or hf:FOLDER, nor the folder of a run"),
        ("begun", "no step of this run is finished; `lsl-train --resume --out .*begun` goes on with it"),
        ("gabor", "was trained by method gabor"),
        ("other", "its weights are not of the network in its config.toml"),
        ("torn", "cannot be read .*train that run again"),
    ],
)
def test_sources_that_do_not_serve(run: Path, tmp_path: Path, backbone: str, told: str) -> None:
    if backbone != "nowhere":
        shutil.copytree(run, tmp_path / backbone, ignore=shutil.ignore_patterns("model", "report.html"))
    settings = tmp_path / backbone / "config.toml"
    weights = tmp_path / backbone / "checkpoints" / "fine.safetensors"
    if backbone == "begun":
        weights.unlink()
    elif backbone == "gabor":
        settings.write_text(settings.read_text().replace('method = "plain"', 'method = "gabor"'))
    elif backbone == "other":
        settings.write_text(re.sub(r"widths = \[\s*8,\s*16,\s*\]", "widths = [8, 12]", settings.read_text()))
    elif backbone == "torn":
        weights.write_bytes(weights.read_bytes()[:200])
    with pytest.raises(ConfigError, match=told):
        transferred_network(small_config().having(backbone=str(tmp_path / backbone)), SIZE, 4)


def adapting(run: Path, method: str = "plain") -> TrainConfig:
    return small_config().having(method=method, backbone=str(run), adapters=2, fine_epochs=2, layer_decay=0.5)


def test_adapters_change_weights_by_a_low_rank_and_nothing_else(run: Path, store: Path) -> None:
    plain = transferred_network(adapting(run).having(adapters=0), SIZE, 4).state_dict()
    after = learnt(adapting(run), store)[0].network.state_dict()
    assert {*after} == {*plain}  # merged
    moved = {name for name in plain if name.startswith("body") and not torch.equal(plain[name], after[name])}
    assert moved == {name for name in plain if name.startswith("body") and plain[name].dim() == 4}  # no normalization
    for name in moved:
        difference = torch.linalg.svdvals((after[name] - plain[name]).flatten(1).double())
        assert difference[1] > 10 * difference[2], name  # what is left is rounding


def test_adapters_learn_slower_in_earlier_blocks(run: Path) -> None:
    network = transferred_network(adapting(run).having(transfer_blocks=2), SIZE, 4)
    learning = {
        name: network.rate_scales[name] for name, p in network.named_parameters() if p.requires_grad and "body" in name
    }
    assert {name.split(".")[1]: scale for name, scale in learning.items()} == {"0": 0.25, "3": 0.5, "4": 1.0}
    assert {"parametrizations" in name for name in learning if name.split(".")[1] in "03"} == {True}
    assert {"parametrizations" in name for name in learning if name.split(".")[1] == "4"} == {False}  # fresh


def test_an_adapted_training_goes_on_to_the_same_end_and_serves_as_a_source(
    run: Path, store: Path, tmp_path: Path
) -> None:
    config = adapting(run, "feature-level").having(coarse_epochs=1, feature_epochs=2)
    with Store(store) as opened:
        data = load_data(opened, config)
    whole, epochs = TwoStepTraining(data, config), []
    for number, (_, checkpoint) in enumerate(whole.run(lambda count: None)):
        epochs.append(checkpoint)
        if number == 3:  # the first epoch with the similarity loss
            write_checkpoint(tmp_path / "last.safetensors", checkpoint, data.digest)
    save_weights(tmp_path / "adapted" / "checkpoints" / "feature.safetensors", epochs[-1])
    resumed = TwoStepTraining(data, config)
    resumed.resume(read_checkpoint(tmp_path / "last.safetensors", data.digest))
    assert [epoch.step for epoch, _ in resumed.run(lambda count: None)] == ["feature"]
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name
    write_config(config, tmp_path / "adapted" / "config.toml")
    source = transferred_network(config.having(backbone=str(tmp_path / "adapted"), adapters=0), SIZE, 4).state_dict()
    assert all(
        torch.equal(value, source[name]) for name, value in whole.network.body.state_dict(prefix="body.").items()
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"freeze": True}, "--freeze lets nothing of the backbone learn, --adapters additions to it"),
        ({"method": "linear"}, "--method linear takes the backbone as it is: leave --adapters out"),
        ({"adapters": -1}, "--adapters must be at least 0"),
    ],
)
def test_adapters_that_contradict_other_settings(run: Path, settings: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        adapting(run).having(**settings)


def test_a_backbone_without_layers_to_adapt(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsl_trainer.networks.adapters._is_adapted", lambda module: False)
    with pytest.raises(ConfigError, match="has no linear layer and no convolution over all channels"):
        transferred_network(adapting(run), SIZE, 4)


@pytest.mark.parametrize("settings", [{"freeze": True}, {"transfer_blocks": 2}, {"layer_decay": 0.9}, {"adapters": 4}])
def test_settings_of_a_transfer_need_a_source(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="go with --backbone"):
        small_config().having(**settings)
