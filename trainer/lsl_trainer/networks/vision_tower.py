"""Vision transformers that give tokens and no maps: plain ViT, MAE, and the image towers of CLIP and SigLIP.

After each layer, the tokens of the patches are laid out as a map; class tokens and registers are left out. Positions
are interpolated to the image's grid. A rest at the right and below that fills no patch is filled with the mean colour.
"""

from __future__ import annotations

from copy import copy
from importlib import import_module
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from lsl_trainer.networks.trunk import Trunk

__all__ = ["VisionTower", "tower_class", "tower_settings"]

_CLASSES = {
    "vit": "ViTModel",
    "vit_mae": "ViTModel",  # its own class hides patches at random
    "clip_vision_model": "CLIPVisionModel",
    "siglip_vision_model": "SiglipVisionModel",
}


class VisionTower(Trunk):
    """A tower of transformers; its blocks are its layers."""

    def __init__(self, model: Any, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__([f"layer {number}" for number in range(1, model.config.num_hidden_layers + 1)])
        self.model, self.mean, self.std = model, mean, std

    def untrained(self) -> VisionTower:
        """The same architecture with fresh weights."""
        made = tower_class(self.model.config)
        assert made is not None
        return VisionTower(made[0](self.model.config, **made[1]), self.mean, self.std)

    def maps(self, images: Tensor) -> list[Tensor]:
        """Of each layer, (B, C, H / patch, W / patch); the last with the final normalization, where a model has one."""
        patch = self.model.config.patch_size
        height, width = images.shape[2:]
        images = F.pad(images, (0, -width % patch, 0, -height % patch))
        answer = self.model(images, interpolate_pos_encoding=True, output_hidden_states=True)
        grid = (images.shape[2] // patch, images.shape[3] // patch)
        return [_as_map(tokens, grid) for tokens in (*answer.hidden_states[1:-1], answer.last_hidden_state)]


def tower_class(settings: Any) -> tuple[Any, dict[str, Any]] | None:
    """The class for a tower of these settings, and what it is made with; None for any other model."""
    name = _CLASSES.get(settings.model_type)
    if name is None:
        return None
    return getattr(import_module("transformers"), name), {"add_pooling_layer": False} if name == "ViTModel" else {}


def tower_settings(settings: Any) -> Any:
    """Those of the image tower, where a model has another one for text."""
    settings = getattr(settings, "vision_config", settings)
    if hasattr(settings, "vision_use_head"):
        settings = copy(settings)
        settings.vision_use_head = False
    return settings


def _as_map(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """(B, tokens, C) → (B, C, *grid), from the last tokens."""
    patches = tokens[:, -grid[0] * grid[1] :]
    return patches.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], *grid)
