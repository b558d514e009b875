"""Vision transformers without maps, of the real classes and with small random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from lsl_shared import Manifest, Task
from lsl_shared.errors import ConfigError
from lsl_trainer.graphs.export import export_graphs
from lsl_trainer.graphs.parity import verify_graphs
from lsl_trainer.learning.backbones import block_network, transferred_network
from lsl_trainer.networks.hugging_face import hugging_face_trunk
from lsl_trainer.networks.residual import block_outputs
from lsl_trainer.settings.config import TrainConfig
from tests.support.squares import small_config

transformers = pytest.importorskip("transformers", reason="the extra `transfer` is not installed")

SIZE = (20, 45)  # no patch fits it
SMALL: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
PATCHES: dict[str, Any] = {"image_size": 32, "patch_size": 8}


def models() -> dict[str, Any]:
    text = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 16}
    return {
        "vit": transformers.ViTModel(transformers.ViTConfig(**SMALL, **PATCHES)),
        "mae": transformers.ViTMAEModel(transformers.ViTMAEConfig(**SMALL, **PATCHES)),
        "clip": transformers.CLIPModel(
            transformers.CLIPConfig(vision_config={**SMALL, **PATCHES}, text_config=text, projection_dim=8)
        ),
        "siglip": transformers.SiglipVisionModel(transformers.SiglipVisionConfig(**SMALL, **PATCHES)),
        "dinov3 convnext": transformers.DINOv3ConvNextModel(
            transformers.DINOv3ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1])
        ),
    }


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    torch.manual_seed(0)
    transformers.utils.logging.disable_progress_bar()
    place = tmp_path_factory.mktemp("towers")
    for name, model in models().items():
        model.save_pretrained(place / name)
        told = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3}
        (place / name / "preprocessor_config.json").write_text(json.dumps(told))
    return {name: place / name for name in models()}


def config(source: Path) -> TrainConfig:
    return small_config().having(backbone=f"hf:{source}")


def test_tokens_of_patches_lie_where_their_patches_lie(folders: dict[str, Path]) -> None:
    trunk = hugging_face_trunk(str(folders["vit"]), allow_download=False).eval()
    assert trunk.names == ("layer 1", "layer 2") and trunk.told.mean == (0.5,) * 3
    whole = transformers.ViTModel.from_pretrained(folders["vit"], local_files_only=True).eval()
    images = torch.rand(2, 3, 24, 48)
    with torch.no_grad():
        tokens = whole(images, interpolate_pos_encoding=True).last_hidden_state
        last = trunk.maps(images)[-1]
    assert last.shape == (2, 32, 3, 6)
    torch.testing.assert_close(last[:, :, 2, 1], tokens[:, 1 + 2 * 6 + 1])  # after the class token, row by row


def test_mae_sees_all_patches_in_order(folders: dict[str, Path]) -> None:
    trunk = hugging_face_trunk(str(folders["mae"]), allow_download=False).eval()
    whole = transformers.ViTMAEModel.from_pretrained(folders["mae"], local_files_only=True, mask_ratio=0.0).eval()
    images = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        tokens = whole(images, noise=torch.arange(16.0)[None]).last_hidden_state
        torch.testing.assert_close(trunk.maps(images)[-1].flatten(2), tokens[:, 1:].transpose(1, 2))


def token_models() -> dict[str, tuple[Any, Any]]:
    """Backbones with class tokens, and the class that gives all tokens."""
    tokens = {**SMALL, **PATCHES, "num_register_tokens": 3}
    tokens["layerscale_value"] = 1.0
    pixio = {**SMALL, **PATCHES, "n_cls_tokens": 2}
    return {
        "dinov2 with registers": (transformers.Dinov2WithRegistersConfig(**tokens), "Dinov2WithRegistersModel"),
        "dinov3": (transformers.DINOv3ViTConfig(**tokens), "DINOv3ViTModel"),
        "pixio": (transformers.PixioConfig(**pixio), "PixioModel"),
    }


@pytest.mark.parametrize("name", ["dinov2 with registers", "dinov3", "pixio"])
def test_class_token_and_registers_are_the_models_own(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    settings, whole = token_models()[name]
    transformers.AutoBackbone.from_config(settings).save_pretrained(tmp_path)
    trunk = hugging_face_trunk(str(tmp_path), allow_download=False).eval()
    images = torch.rand(2, 3, 20, 45)
    filled = torch.nn.functional.pad(images, (0, 3, 0, 4))  # to 3 × 6 patches
    model = getattr(transformers, whole)(settings).eval()
    ours = {key.removeprefix("model.").removeprefix("pixio."): value for key, value in trunk.state_dict().items()}
    theirs = {key: key.removeprefix("model.") for key in model.state_dict()}
    model.load_state_dict({key: ours.get(key, ours.get(short)) for key, short in theirs.items()})
    with torch.no_grad():
        found = trunk.outputs(images)[-1]
        tokens = model(filled).last_hidden_state
    classes, registers = (2, 0) if name == "pixio" else (1, 3)
    assert found.map.shape == (2, 32, 3, 6) and found.cls is not None
    torch.testing.assert_close(found.map.flatten(2), tokens[:, classes + registers :].transpose(1, 2))
    torch.testing.assert_close(found.cls, tokens[:, :classes].mean(1))
    if registers:
        assert found.registers is not None
        torch.testing.assert_close(found.registers, tokens[:, 1:4].flatten(1))


def test_each_kind_of_features_is_made_of_its_tokens(folders: dict[str, Path]) -> None:
    images = torch.rand(2, 3, *SIZE)
    made = {}
    for kind in ("mean", "cls", "cls+mean"):
        network = transferred_network(config(folders["vit"]).having(feature_kind=kind), SIZE, 3).eval()
        with torch.no_grad():
            made[kind] = network.features(images)
            found = block_outputs(network.body, (images - network.mean) / network.std)[-1]
    assert found.cls is not None
    torch.testing.assert_close(made["cls"], found.cls)
    torch.testing.assert_close(made["mean"], found.map.mean((2, 3)))
    torch.testing.assert_close(made["cls+mean"], torch.cat([made["cls"], made["mean"]], 1))
    with pytest.raises(ConfigError, match=r"--feature-kind registers: .* cells, mean, cls, cls\+mean and no registers"):
        transferred_network(config(folders["vit"]).having(feature_kind="registers"), SIZE, 3)


@pytest.mark.parametrize("name", ["clip", "siglip", "dinov3 convnext"])
def test_each_trains_its_head_and_exports(folders: dict[str, Path], tmp_path: Path, name: str) -> None:
    size = SIZE if name != "dinov3 convnext" else (40, 72)
    network = transferred_network(config(folders[name]), size, 3).eval()
    assert all(torch.isfinite(value).all() for value in network(torch.rand(2, 3, *size)))
    paths = {key: tmp_path / f"{key}.onnx" for key in ("classifier", "saliency", "contributions")}
    export_graphs(network, Manifest(size, (Task("t", ("a", "b", "c")),)), paths)
    images = np.random.default_rng(0).integers(0, 256, (8, *size, 3), dtype=np.uint8)
    found = verify_graphs(network, paths["classifier"], paths["saliency"], images, (1, 5), paths["contributions"])
    assert found.contributions is not None and found.saliency.graph_median < 1e-5


def test_blocks_of_a_tower_are_its_layers(folders: dict[str, Path]) -> None:
    network = block_network(config(folders["clip"]).having(feature_blocks=(1, 2)), SIZE, 2)
    assert network.head.in_features == 2 * 32 * 2 * 3  # 3 × 6 patches, halved once


def test_a_map_that_is_the_image_itself_is_no_block(folders: dict[str, Path]) -> None:
    trunk = hugging_face_trunk(str(folders["dinov3 convnext"]), allow_download=False)
    assert trunk.names == ("stage1", "stage2", "stage3", "stage4")


def test_what_a_folder_lacks_or_must_not_hold_is_told(folders: dict[str, Path], tmp_path: Path) -> None:
    for file in ("config.json", "model.safetensors"):
        (tmp_path / file).write_bytes((folders["vit"] / file).read_bytes())
    with pytest.raises(ConfigError, match=r"no preprocessor_config.json in it, which says by what mean"):
        transferred_network(config(tmp_path), SIZE, 2)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"weights are a pickle .*can run code when it is read"):
        transferred_network(config(tmp_path), SIZE, 2)


def test_weights_of_another_network_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    for file in folders["vit"].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    chosen = next(name for name, value in weights.items() if value.shape == (64, 32))

    def refused(match: str) -> None:
        with pytest.raises(ConfigError, match=match):
            transferred_network(config(tmp_path), SIZE, 2)

    save_file({**weights, chosen: torch.zeros(5, 7)}, tmp_path / "model.safetensors", {"format": "pt"})
    refused(r"not of the network in its config.json: .* is 5×7, expected 64×32")
    del weights[chosen]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    refused(r"its weights lack 1 of the tensors .*, such as")
    (tmp_path / "model.safetensors").write_bytes((folders["vit"] / "model.safetensors").read_bytes()[:9000])
    refused(r"cannot be loaded \(.*incomplete")


def test_code_in_a_folder_is_never_run(folders: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes((folders["vit"] / "model.safetensors").read_bytes())
    told = {"model_type": "ours", "auto_map": {"AutoConfig": "mine.Ours", "AutoModel": "mine.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(told))
    (tmp_path / "mine.py").write_text("raise SystemExit('run')")
    with pytest.raises(ConfigError, match=r"code in a folder is never run; take a model that transformers itself"):
        transferred_network(config(tmp_path), SIZE, 2)


def test_a_model_of_one_size_says_which(tmp_path: Path) -> None:
    settings = transformers.HieraConfig(image_size=[64, 64], embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])
    transformers.HieraModel(settings).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"takes images of 64×64 pixels and no other size: .*--size 64x64"):
        transferred_network(config(tmp_path), (48, 80), 2)
    network = transferred_network(config(tmp_path).having(input_size="model"), (48, 80), 2)
    assert network(torch.rand(1, 3, 48, 80))[0].shape == (1, 2)
