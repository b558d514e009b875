"""The tokens before those of the patches, by the family of a transformers model; and images that fill whole patches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn import functional as F

__all__ = ["PrefixTokens", "filled_patches", "patch_sides", "prefix_tokens"]

_ONE_CLASS_TOKEN = ("beit", "clip_vision_model", "dinov2", "vit", "vit_mae")
_AND_REGISTERS = ("dinov2_with_registers", "dinov3_vit", "sapiens2", "tipsv2_vision_model")
_CUT = (*_ONE_CLASS_TOKEN, *_AND_REGISTERS, "pixio", "siglip_vision_model", "vitdet")
_HALVED, _CONVNEXT_PATCH = ("convnext", "convnextv2", "dinov3_convnext"), 4


@dataclass(frozen=True)
class PrefixTokens:
    """How many tokens come before the patches, in order."""

    classes: int
    """Several count as one, their mean."""
    registers: int = 0

    def of(self, tokens: Tensor, normalize: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor | None]:
        """(B, tokens, C) → the class token (B, C), the registers side by side (B, R · C) or None; both normalized."""
        first = normalize(tokens[:, : self.classes + self.registers])
        registers = first[:, self.classes :].flatten(1) if self.registers else None
        return first[:, : self.classes].mean(1), registers


def prefix_tokens(settings: Any) -> PrefixTokens | None:
    """Those of a model of these settings; None for one without a class token."""
    kind = settings.model_type
    if kind == "pixio":
        return PrefixTokens(settings.n_cls_tokens)
    if kind in _AND_REGISTERS:
        return PrefixTokens(1, settings.num_register_tokens)
    return PrefixTokens(1) if kind in _ONE_CLASS_TOKEN else None


def patch_sides(settings: Any) -> tuple[int, int]:
    """Height and width of what images are cut into, in pixels; 1 and 1 for networks that leave no rest out.

    ConvNeXt halves its maps three times after its patches, each time without the odd row.
    """
    if settings.model_type in _HALVED:
        whole = getattr(settings, "patch_size", _CONVNEXT_PATCH) * 2 ** (len(settings.hidden_sizes) - 1)
        return whole, whole
    size = settings.patch_size if settings.model_type in _CUT else 1
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def filled_patches(images: Tensor, sides: tuple[int, int]) -> Tensor:
    """Normalized images (B, 3, H, W), at the right and below filled with the mean colour to multiples of `sides`."""
    below, right = -images.shape[2] % sides[0], -images.shape[3] % sides[1]
    return F.pad(images, (0, right, 0, below)) if below or right else images
