"""Vision transformers that give tokens and no maps: plain ViT, MAE, and the image towers of CLIP and SigLIP.

After each layer, the tokens of the patches are laid out as a map, and the class token comes beside it. Positions are
interpolated to the image's grid. A rest at the right and below that fills no patch is filled with the mean colour.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from importlib import import_module
from typing import Any

from torch import Tensor, nn

from lsl_trainer.networks.block_output import BlockOutput
from lsl_trainer.networks.prefix_tokens import PrefixTokens, filled_patches, patch_sides, prefix_tokens
from lsl_trainer.networks.preprocessor import Preprocessor
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

    def __init__(self, model: Any, told: Preprocessor) -> None:
        super().__init__([f"layer {number}" for number in range(1, model.config.num_hidden_layers + 1)])
        self.model, self.told = model, told
        self._prefix = prefix_tokens(model.config)

    def untrained(self) -> VisionTower:
        """The same architecture with fresh weights."""
        made = tower_class(self.model.config)
        assert made is not None
        return VisionTower(made[0](self.model.config, **made[1]), self.told)

    def maps(self, images: Tensor) -> list[Tensor]:
        """Of each layer, (B, C, H / patch, W / patch); the last with the final normalization, where a model has one."""
        return [found.map for found in self.outputs(images)]

    def outputs(self, images: Tensor) -> list[BlockOutput]:
        """As `maps`, with the class token; CLIP normalizes that of the last layer alone."""
        sides = patch_sides(self.model.config)
        images = filled_patches(images, sides)
        answer = self.model(images, interpolate_pos_encoding=True, output_hidden_states=True)
        grid = (images.shape[2] // sides[0], images.shape[3] // sides[1])
        layers = (*answer.hidden_states[1:-1], answer.last_hidden_state)
        of_class = getattr(self.model, "post_layernorm", nn.Identity())
        return [
            _output(tokens, grid, self._prefix, of_class if number == len(layers) else nn.Identity())
            for number, tokens in enumerate(layers, start=1)
        ]


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


def _output(
    tokens: Tensor, grid: tuple[int, int], prefix: PrefixTokens | None, of_class: Callable[[Tensor], Tensor]
) -> BlockOutput:
    """Tokens (B, n, C), those of the patches last, as a map (B, C, *grid) and a class token."""
    patches = tokens[:, -grid[0] * grid[1] :]
    found = patches.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], *grid)
    return BlockOutput(found) if prefix is None else BlockOutput(found, *prefix.of(tokens, of_class))
