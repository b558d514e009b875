"""Backbones of the transformers library: a folder with config.json and model.safetensors, or a name on the hub."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lsl_shared.errors import ConfigError
from lsl_trainer.networks.block_output import BlockOutput
from lsl_trainer.networks.loading import check_loaded, complete
from lsl_trainer.networks.open_clip import OPEN_CLIP, open_clip_tower
from lsl_trainer.networks.prefix_tokens import filled_patches, patch_sides, prefix_tokens
from lsl_trainer.networks.preprocessor import PREPROCESSOR, Preprocessor, has_preprocessor, read_preprocessor
from lsl_trainer.networks.trunk import Trunk
from lsl_trainer.networks.vision_tower import VisionTower, tower_class, tower_settings

__all__ = ["HuggingFaceTrunk", "hugging_face_trunk"]

_CONFIG, _WEIGHTS = "config.json", "model.safetensors"


class HuggingFaceTrunk(Trunk):
    """A model of transformers' AutoBackbone; its blocks are the stages that the library names.

    Images that do not fill whole patches are filled up, as `filled_patches` does.
    """

    def __init__(self, model: Any, told: Preprocessor) -> None:
        super().__init__(model.out_features)
        self.model, self.told = model, told
        self.only_size = tuple(model.config.image_size) if model.config.model_type == "hiera" else None
        self._prefix, self._patch = prefix_tokens(model.config), patch_sides(model.config)

    def untrained(self) -> HuggingFaceTrunk:
        """The same architecture with fresh weights."""
        return HuggingFaceTrunk(_transformers().AutoBackbone.from_config(self.model.config), self.told)

    def maps(self, images: Tensor) -> list[Tensor]:
        """The feature maps of all stages."""
        return list(self.model(filled_patches(images, self._patch)).feature_maps)

    def outputs(self, images: Tensor) -> list[BlockOutput]:
        """The feature maps of all stages, with class token and registers, normalized as the maps are."""
        if self._prefix is None:
            return super().outputs(images)
        answer = self.model(filled_patches(images, self._patch), output_hidden_states=True)
        tokens = answer.hidden_states[-len(answer.feature_maps) :]
        return [
            BlockOutput(found, *self._prefix.of(hidden, self._normalization(number)))
            for number, (found, hidden) in enumerate(zip(answer.feature_maps, tokens, strict=True))
        ]

    def extra_repr(self) -> str:
        """Tells it from one that leaves out what fills no patch, as it was before."""
        return f"patch={self._patch}"

    def _normalization(self, number: int) -> Callable[[Tensor], Tensor]:
        """What the library applies to the tokens of a stage before it gives their map."""
        settings = self.model.config
        always = getattr(settings, "apply_layernorm", False) or getattr(settings, "normalize_backbone_outputs", False)
        last = settings.model_type == "dinov3_vit" and number == len(self.names) - 1
        normalization = getattr(self.model, "layernorm", None) or getattr(self.model, "norm", None)
        return normalization if normalization is not None and (always or last) else _as_it_is


def _as_it_is(tokens: Tensor) -> Tensor:
    return tokens


def hugging_face_trunk(name: str, *, allow_download: bool) -> HuggingFaceTrunk | VisionTower:
    """The pretrained backbone of a folder or, by `allow_download`, of a name on the Hugging Face hub.

    Raises ConfigError: the library, the folder's files or the permission is missing, or the model is no backbone.
    """
    if find_spec("transformers") is None:
        raise ConfigError("--backbone hf:… needs transformers: pip install 'lsl-toolkit[transfer]'")
    folder = Path(name)
    if (folder / OPEN_CLIP).is_file() and not (folder / _CONFIG).is_file():
        with _quiet():
            return VisionTower(*open_clip_tower(folder))
    if folder.is_dir():
        _check_folder(folder)
    elif folder.is_absolute() or name.startswith("."):
        raise ConfigError(f"--backbone hf:{name}: no such folder")
    model = _loaded(name, local=folder.is_dir() or not allow_download)
    if tower_class(model.config) is None:
        return HuggingFaceTrunk(model, _told_of_images(folder, model))
    if folder.is_dir() and not has_preprocessor(folder):
        raise ConfigError(
            f"--backbone hf:{name}: no {PREPROCESSOR} in it, which says by what mean and deviation images are "
            "normalized for it; copy it from where the model came from"
        )
    return VisionTower(model, _told_of_images(folder, model))


def _told_of_images(folder: Path, model: Any) -> Preprocessor:
    """What the folder says of images, of which size the network's own settings do where the folder does not."""
    told, sides = read_preprocessor(folder), getattr(model.config, "image_size", None)
    if not sides or (told.size and model.config.model_type != "hiera"):
        return told
    height, width = (sides, sides) if isinstance(sides, int) else sides
    return replace(told, size=(height, width))


def _transformers() -> Any:
    """The library, which has few types."""
    return import_module("transformers")


def _check_folder(folder: Path) -> None:
    for file in (_CONFIG, _WEIGHTS):
        if file == _WEIGHTS and not (folder / file).is_file() and any(folder.glob("*.bin")):
            raise ConfigError(
                f"--backbone hf:{folder}: its weights are a pickle (.bin), which can run code when it is read; save "
                "them as model.safetensors where you trust it (`model.save_pretrained` of transformers does)"
            )
        if not (folder / file).is_file():
            raise ConfigError(
                f"--backbone hf:{folder}: no {file} in it; expected {_CONFIG} and {_WEIGHTS}, as `save_pretrained` of "
                "transformers writes them"
            )


def _loaded(name: str, *, local: bool) -> Any:
    from safetensors import SafetensorError

    library = _transformers()
    with _quiet(), _offline() if local else contextlib.nullcontext():
        try:
            # Attention in plain operators, which export; fused ones do not.
            settings = library.AutoConfig.from_pretrained(
                name, local_files_only=local, attn_implementation="eager", trust_remote_code=False
            )
            kind, settings, further = _kind(name, settings)
            model, told = kind.from_pretrained(
                name, config=settings, local_files_only=local, use_safetensors=True, dtype=torch.float32,
                output_loading_info=True, ignore_mismatched_sizes=True, **further,
            )  # fmt: skip
        except (OSError, ValueError, SafetensorError) as problem:
            raise ConfigError(_told(name, problem, local)) from None
    check_loaded(name, complete(model, told))
    return model


def _kind(name: str, settings: Any) -> tuple[Any, Any, dict[str, Any]]:
    """The class to load, its settings, and what else it takes. ConfigError for a model that gives no maps of images."""
    inner = tower_settings(settings)
    if not getattr(settings, "stage_names", None) and tower_class(inner) is None:
        raise ConfigError(
            f"--backbone hf:{name}: {settings.model_type} models give no feature maps; take one that "
            "transformers' AutoBackbone knows, such as resnet, convnext, swin or dinov2, or a vit, vit_mae, clip or "
            "siglip"
        )
    if (channels := getattr(inner, "num_channels", 3)) != 3:
        raise ConfigError(f"--backbone hf:{name}: takes images of {channels} channels, and a store's have 3")
    tower = tower_class(inner)
    if tower is not None:
        inner._attn_implementation = "eager"
        return tower[0], inner, tower[1]
    first = 1 if settings.model_type == "dinov3_convnext" else 0  # whose "stem" is the image as it comes in
    settings.out_features = list(settings.stage_names)[first:]
    # The class itself: AutoBackbone's own from_pretrained asks the hub even for a folder.
    return type(_transformers().AutoBackbone.from_config(settings)), settings, {}


def _told(name: str, problem: Exception, local: bool) -> str:
    first = str(problem).strip().partition("\n")[0]
    if "custom code" in first:
        return (
            f"--backbone hf:{name}: its network is code of its own (auto_map in {_CONFIG}), and code in a folder is "
            "never run; take a model that transformers itself knows"
        )
    if Path(name).is_dir():
        return f"--backbone hf:{name}: cannot be loaded ({first})"
    if local:
        return (
            f"--backbone hf:{name} is not on this machine; --allow-download fetches it from the Hugging Face hub, or "
            "name a folder that you copied here"
        )
    return f"--backbone hf:{name}: cannot be fetched ({first}); copy its folder here and give hf:FOLDER"


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    """Without a word to the hub: even asked for local files alone, its library fetches a list to describe itself."""
    constants = import_module("huggingface_hub.constants")
    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True  # type: ignore[attr-defined]
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before  # type: ignore[attr-defined]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's own bars and reports, which name every head that a backbone leaves out."""
    logging = _transformers().utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
