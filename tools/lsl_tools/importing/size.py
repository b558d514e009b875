"""The one size of a store's images, and how a picture is brought to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError

__all__ = ["LONGEST_SIDE", "default_size", "fit_image", "fitting_scale", "parse_size"]

LONGEST_SIDE = 512
_SMALLEST, _LARGEST = 8, 4096


def parse_size(text: str) -> tuple[int, int]:
    """(H, W) from "HxW". Raises ConfigError."""
    match = re.fullmatch(r"\s*(\d{1,6})\s*[x×X]\s*(\d{1,6})\s*", text)
    if not match or not all(_SMALLEST <= int(side) <= _LARGEST for side in match.groups()):
        raise ConfigError(
            f"--size expects HEIGHTxWIDTH from {_SMALLEST} to {_LARGEST} pixels, such as 128x320, received {text!r}"
        )
    return int(match[1]), int(match[2])


def default_size(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """(H, W) for images of these sizes: the commonest one if all fit inside, else a square of the median longest side.

    At most 512 pixels on the longest side, aspect kept. Sides that are not an image's own are multiples of 8.
    """
    counts = Counter(sizes)
    height, width = max(counts, key=lambda size: (counts[size], size))
    if any(tall > height or wide > width for tall, wide in sizes):
        height = width = _eights(float(np.median([max(size) for size in sizes])))
    longest = max(height, width)
    if longest <= LONGEST_SIDE:
        return max(height, _SMALLEST), max(width, _SMALLEST)
    return _eights(height * LONGEST_SIDE / longest), _eights(width * LONGEST_SIDE / longest)


def fit_image(
    image: NDArray[np.uint8], size: tuple[int, int], *, enlarge: bool, border: tuple[int, int, int] | None = None
) -> NDArray[np.uint8]:
    """The image uint8 (H, W, 3) scaled to fit `size`, aspect kept, and centred; an image of that size is untouched.

    Scaled up only with `enlarge`. What is left over gets the colour `border`, or the median of the image's own edge.
    """
    height, width = size
    tall, wide = image.shape[:2]
    if (tall, wide) == (height, width):
        return image
    scale = fitting_scale((tall, wide), size, enlarge)
    scaled = image if scale == 1 else _scaled(image, scale, size)
    tall, wide = scaled.shape[:2]
    fitted = np.empty((height, width, 3), dtype=np.uint8)
    fitted[:] = _edge_colour(image) if border is None else border
    top, left = (height - tall) // 2, (width - wide) // 2
    fitted[top : top + tall, left : left + wide] = scaled
    return fitted


def fitting_scale(shown: tuple[int, int], size: tuple[int, int], enlarge: bool) -> float:
    """By how much an image of size `shown` (H, W) is scaled to fit `size`; 1 where it stays as it is."""
    scale = min(size[0] / shown[0], size[1] / shown[1])
    return scale if scale < 1 or enlarge else 1.0


def _scaled(image: NDArray[np.uint8], scale: float, size: tuple[int, int]) -> NDArray[np.uint8]:
    import cv2

    tall, wide = (min(limit, max(1, round(side * scale))) for side, limit in zip(image.shape[:2], size, strict=True))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (wide, tall), interpolation=how), dtype=np.uint8)


def _edge_colour(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    return np.asarray(np.median(edge, axis=0).round(), dtype=np.uint8)


def _eights(side: float) -> int:
    return max(_SMALLEST, round(side / 8) * 8)
