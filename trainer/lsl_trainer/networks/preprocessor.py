"""What a model's own file says of its images: how they are normalized, and of which size they were."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsl_shared.errors import ConfigError

__all__ = ["PREPROCESSOR", "Preprocessor", "has_preprocessor", "read_preprocessor"]

PREPROCESSOR, _WITHIN = "preprocessor_config.json", "processor_config.json"
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_WHITE = 255.0


@dataclass(frozen=True)
class Preprocessor:
    """For pixels in 0..1."""

    mean: tuple[float, ...] = _IMAGENET[0]
    std: tuple[float, ...] = _IMAGENET[1]
    size: tuple[int, int] | None = None
    """(H, W) of the images that it learnt from; None where nothing says so."""


def has_preprocessor(folder: Path) -> bool:
    """Whether the folder says how images are prepared."""
    return (folder / PREPROCESSOR).is_file() or (folder / _WITHIN).is_file()


def read_preprocessor(folder: Path) -> Preprocessor:
    """What the file in `folder` says; ImageNet's normalization where there is none. Raises ConfigError."""
    path = next((folder / name for name in (PREPROCESSOR, _WITHIN) if (folder / name).is_file()), None)
    if path is None:
        return Preprocessor()
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        told = told.get("image_processor", told)
        mean, std = _statistics(told)
        return Preprocessor(mean, std, _size(told))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(
            f"{path}: expected image_mean and image_std, three numbers each, and none of them 0 in image_std; mend or "
            "remove it"
        ) from None


def _statistics(told: dict[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of pixels in 0..1, whatever they are multiplied by first."""
    times = _WHITE * (float(told.get("rescale_factor") or 1 / _WHITE) if told.get("do_rescale", True) else 1.0)
    if told.get("do_normalize", True):
        mean, std = (tuple(float(value) for value in told[name]) for name in ("image_mean", "image_std"))
    else:
        mean, std = (0.0,) * 3, (1.0,) * 3
    if len(mean) != 3 or len(std) != 3 or not all(std) or not times:
        raise ValueError(mean, std)
    return tuple(value / times for value in mean), tuple(value / times for value in std)


def _size(told: dict[str, Any]) -> tuple[int, int] | None:
    """Of what is cut out last, else of what images are resized to."""
    cropped = told.get("crop_size") if told.get("do_center_crop", True) else None
    size = cropped or told.get("size")
    if isinstance(size, dict):
        side = size.get("shortest_edge") or size.get("longest_edge")
        size = (size.get("height") or side, size.get("width") or side)
    elif isinstance(size, int):
        size = (size, size)
    sides = tuple(size) if isinstance(size, (list, tuple)) else ()
    return (sides[0], sides[1]) if len(sides) == 2 and all(isinstance(one, int) and one > 0 for one in sides) else None
