from __future__ import annotations

import socket
from pathlib import Path

import pytest
import torch

from lsl_shared.errors import ConfigError
from lsl_trainer.learning.backbones import transferred_network
from lsl_trainer.networks import hugging_face as hf_backbone
from lsl_trainer.networks.hugging_face import hugging_face_trunk
from lsl_trainer.settings.config import TrainConfig
from tests.support.squares import SIZE, small_config

transformers = pytest.importorskip("transformers", reason="the extra `transfer` is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ResNet with random weights, as `save_pretrained` writes it."""
    path = tmp_path_factory.mktemp("hub") / "resnet"
    torch.manual_seed(0)
    settings = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    transformers.utils.logging.disable_progress_bar()
    transformers.ResNetBackbone(settings).save_pretrained(path)
    return path


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[object]:
    """Refuses every connection, and every name asked for, and notes it."""
    asked: list[object] = []

    def refuse(*address: object, **more: object) -> None:
        asked.append(address)
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    agents = pytest.importorskip("huggingface_hub.utils._detect_agent")
    monkeypatch.setattr(agents, "_registry", None)  # what it asks the hub for, as if for the first time
    monkeypatch.setattr(agents.constants, "AGENT_HARNESSES_PATH", str(tmp_path / "none.json"))
    return asked


def config(source: Path | str) -> TrainConfig:
    return small_config().having(backbone=f"hf:{source}")


def test_a_folder_gives_its_feature_maps_without_any_connection(folder: Path, offline: list[object]) -> None:
    trunk = hugging_face_trunk(str(folder), allow_download=False).eval()
    assert trunk.names == ("stem", "stage1", "stage2")
    images = torch.rand(2, 3, 64, 64)
    whole = transformers.ResNetModel.from_pretrained(folder, local_files_only=True).eval()
    with torch.no_grad():
        torch.testing.assert_close(trunk.maps(images)[-1], whole(images).last_hidden_state)
    network = transferred_network(config(folder), SIZE, 4)
    assert network.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])
    assert not offline


def test_partial_transfer_leaves_later_stages_fresh(folder: Path) -> None:
    whole, part = (transferred_network(config(folder).having(transfer_blocks=n), SIZE, 4).state_dict() for n in (3, 2))
    fresh = {name for name in whole if name.startswith("body") and not torch.equal(whole[name], part[name])}
    assert fresh
    assert all("stages.1" in name for name in fresh)


def test_what_is_missing_is_named(folder: Path, tmp_path: Path, offline: list[object]) -> None:
    with pytest.raises(ConfigError, match=r"hf:.*no config.json in it; expected config.json and model.safetensors"):
        transferred_network(config(tmp_path), SIZE, 4)
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    with pytest.raises(ConfigError, match=r"no model.safetensors in it"):
        transferred_network(config(tmp_path), SIZE, 4)
    with pytest.raises(ConfigError, match=r"no such folder"):
        transferred_network(config(tmp_path / "none"), SIZE, 4)
    with pytest.raises(ConfigError, match=r"is not on this machine; --allow-download fetches it"):
        transferred_network(config("somebody/no-such-model"), SIZE, 4)
    assert not offline  # without the flag nothing even asks
    with pytest.raises(ConfigError, match=r"cannot be fetched .*; copy its folder here and give hf:FOLDER"):
        transferred_network(config("somebody/no-such-model").having(allow_download=True), SIZE, 4)
    assert offline


def test_a_backbone_of_grey_images_is_refused(tmp_path: Path) -> None:
    settings = transformers.ResNetConfig(num_channels=1, embedding_size=8, hidden_sizes=[8], depths=[1])
    settings.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ConfigError, match="takes images of 1 channels, and a store's have 3"):
        transferred_network(config(tmp_path), SIZE, 4)


def test_a_language_model_is_no_backbone(tmp_path: Path) -> None:
    transformers.BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1).save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ConfigError, match="bert models give no feature maps"):
        transferred_network(config(tmp_path), SIZE, 4)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hf_backbone, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs transformers: pip install 'lsl-toolkit\[transfer\]'"):
        hugging_face_trunk("any", allow_download=False)
