"""Image towers that open_clip wrote, such as BioCLIP's, read as transformers' CLIP."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from torch import Tensor

from lsl_shared.errors import ConfigError
from lsl_trainer.networks.preprocessor import Preprocessor

__all__ = ["OPEN_CLIP", "open_clip_tower"]

OPEN_CLIP = "open_clip_config.json"
_WEIGHTS = ("open_clip_model.safetensors", "model.safetensors")
_HEAD_WIDTH, _MLP_RATIO = 64, 4.0
_NAMES = (
    (r"^class_embedding$", "embeddings.class_embedding"),
    (r"^positional_embedding$", "embeddings.position_embedding.weight"),
    (r"^conv1\.weight$", "embeddings.patch_embedding.weight"),
    (r"^ln_pre\.", "pre_layrnorm."),
    (r"^ln_post\.", "post_layernorm."),
    (r"^transformer\.resblocks\.(\d+)\.ln_([12])\.", r"encoder.layers.\1.layer_norm\2."),
    (r"^transformer\.resblocks\.(\d+)\.attn\.out_proj\.", r"encoder.layers.\1.self_attn.out_proj."),
    (r"^transformer\.resblocks\.(\d+)\.mlp\.c_fc\.", r"encoder.layers.\1.mlp.fc1."),
    (r"^transformer\.resblocks\.(\d+)\.mlp\.c_proj\.", r"encoder.layers.\1.mlp.fc2."),
)
_ATTENTION = re.compile(r"^transformer\.resblocks\.(\d+)\.attn\.in_proj_(weight|bias)$")


def open_clip_tower(folder: Path) -> tuple[Any, Preprocessor]:
    """The tower of a folder with its weights, and what its images are like. ConfigError for what is no such tower."""
    told = _told(folder)
    model = import_module("transformers").CLIPVisionModel(_settings(folder, told["model_cfg"]))
    try:
        model.load_state_dict(_renamed(_weights(folder)))
    except RuntimeError:
        raise ConfigError(
            f"--backbone hf:{folder}: its weights are not of a plain vision transformer of the shape in {OPEN_CLIP}"
        ) from None
    statistics = told["preprocess_cfg"]
    mean, std = (tuple(float(value) for value in statistics[name]) for name in ("mean", "std"))
    side = told["model_cfg"]["vision_cfg"]["image_size"]
    return model.eval(), Preprocessor(mean, std, (side, side))


def _told(folder: Path) -> Any:
    try:
        told = json.loads((folder / OPEN_CLIP).read_text(encoding="utf-8"))
        if len(told["preprocess_cfg"]["mean"]) == len(told["preprocess_cfg"]["std"]) == 3 and told["model_cfg"]:
            return told
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise ConfigError(
        f"{folder / OPEN_CLIP}: expected model_cfg with vision_cfg, and preprocess_cfg with mean and std, "
        "three numbers each"
    )


def _settings(folder: Path, told: Any) -> Any:
    """In transformers' terms."""
    vision = told.get("vision_cfg")
    needed = ("width", "layers", "patch_size", "image_size")
    if not isinstance(vision, dict) or not all(isinstance(vision.get(name), int) for name in needed):
        raise ConfigError(f"--backbone hf:{folder}: its image tower is no plain vision transformer, the only one read")
    width = vision["width"]
    settings = import_module("transformers").CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=int(width * vision.get("mlp_ratio", _MLP_RATIO)),
        num_hidden_layers=vision["layers"],
        num_attention_heads=max(width // vision.get("head_width", _HEAD_WIDTH), 1),
        image_size=vision["image_size"],
        patch_size=vision["patch_size"],
        hidden_act="quick_gelu" if told.get("quick_gelu") else "gelu",
    )
    settings._attn_implementation = "eager"
    return settings


def _weights(folder: Path) -> dict[str, Tensor]:
    """Those of the image tower, under open_clip's names."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
    if path is None:
        raise ConfigError(
            f"--backbone hf:{folder}: no {' or '.join(_WEIGHTS)} in it; a pickle (.bin) can run code and is not read"
        )
    try:
        stored = load_file(path)
    except (OSError, SafetensorError) as problem:
        raise ConfigError(f"{path}: cannot be read ({problem})") from None
    return {name.removeprefix("visual."): value.float() for name, value in stored.items() if name.startswith("visual.")}


def _renamed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Under transformers' names; queries, keys and values apart. The projection into the space of texts is left out."""
    found = {}
    for name, value in weights.items():
        if (attention := _ATTENTION.match(name)) is not None:
            layer, kind = attention.groups()
            for letter, part in zip("qkv", value.chunk(3), strict=True):
                found[f"encoder.layers.{layer}.self_attn.{letter}_proj.{kind}"] = part.contiguous()
        elif name != "proj":
            found[_theirs(name)] = value
    return found


def _theirs(name: str) -> str:
    for ours, theirs in _NAMES:
        name, done = re.subn(ours, theirs, name)
        if done:
            return name
    return name
