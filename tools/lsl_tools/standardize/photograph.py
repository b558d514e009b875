"""One photograph standardized: found, flagged, turned, cropped and scaled; its mirroring is chosen afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.read import read_photograph
from lsl_tools.pictures.read_image import Picture
from lsl_tools.standardize.pose import Pose, pose_of, reduced_points, warp
from lsl_tools.standardize.quality import flags_of
from lsl_tools.standardize.segment.segmentation import MOST_STANDARDIZED, Segmentation, segment

__all__ = ["SIZE", "Standardized", "standardize_file", "standardize_photograph"]

SIZE = (128, 320)
"""(H, W) of a standardized image."""
ENOUGH = MOST_STANDARDIZED // 2  # pixels of a JPEG's longer side in which the embryo is looked for
LEAST_SIDE, MOST_OBLONG = 32, 8  # pixels, and longer to shorter side, of what can be a photograph of an embryo


@dataclass(frozen=True)
class Standardized:
    """What became of a photograph of `photograph_size` (H, W).

    `image` uint8 (H, W, 3) with white ground, `pose` and `found` are None where there is no embryo; `flags` say why a
    person should look at it.
    """

    photograph_size: tuple[int, int]
    flags: tuple[str, ...]
    image: NDArray[np.uint8] | None = None
    pose: Pose | None = None
    found: Segmentation | None = None
    probabilities: tuple[float, float] = (float("nan"), float("nan"))
    """That the mirroring left-right and up-down is right; NaN where it was not asked for."""

    def turned(self, flip_x: bool, flip_y: bool, probabilities: tuple[float, float], flags: list[str]) -> Standardized:
        """The same, mirrored left-right (`flip_x`) and up-down (`flip_y`), with further flags."""
        if self.image is None or self.pose is None:
            return self
        image = np.ascontiguousarray(self.image[:: -1 if flip_y else 1, :: -1 if flip_x else 1])
        pose, flags_now = self.pose.turned(flip_x, flip_y), (*self.flags, *flags)
        return replace(self, image=image, pose=pose, probabilities=probabilities, flags=flags_now)


def standardize_photograph(photograph: NDArray[np.uint8], size: tuple[int, int] = SIZE) -> Standardized:
    """Standardizes a photograph uint8 (H, W, 3), RGB, to `size` (H, W), all but the mirroring.

    The main embryo is parted from its neighbours, its long axis laid horizontal, and its box stretched to the whole
    image, outside white. A photograph that is standardized already comes back as it is. Raises ImageError for an array
    of another type or shape.
    """
    _check_array(photograph)
    whole = Picture(photograph)
    return _standardized(whole, size, lambda _: whole)


def standardize_file(path: Path, size: tuple[int, int], channel: str) -> tuple[Picture, Standardized]:
    """Standardizes the photograph in a file, and returns it as far as it was read.

    A JPEG is decoded at a half, a quarter or an eighth where it still has as many pixels as the image. What is told of
    the embryo is in the pixels of the file all the same. Raises ImageError, or OSError.
    """
    read = partial(read_photograph, path, channel)
    picture = read(ENOUGH)
    return picture, _standardized(picture, size, read)


def _standardized(picture: Picture, size: tuple[int, int], read: Callable[[int], Picture]) -> Standardized:
    """`read` gives the same picture again, with so many pixels along its longer side."""
    _check_size(*picture.size)
    found = segment(picture.pixels)
    flags = flags_of(found)
    if found is None:
        return Standardized(picture.size, flags)
    found = found.enlarged(picture.reduction)
    pose = pose_of(found, picture.size, size)
    if picture.reduction * max(pose.scale) > 1:
        picture = read(round(max(picture.size) * max(pose.scale)))
    outline = None if found.standardized else reduced_points(found.outline, picture.reduction)
    image = warp(picture.pixels, pose.reduced(picture.reduction), outline)
    return Standardized(picture.size, flags, image, pose, found)


def _check_array(photograph: NDArray[np.uint8]) -> None:
    if not isinstance(photograph, np.ndarray):
        raise ImageError(f"a photograph is a uint8 array (H, W, 3) in RGB; received {type(photograph).__name__}")
    if photograph.dtype != np.uint8 or photograph.ndim != 3 or photograph.shape[2] != 3:
        received = f"{photograph.dtype} {photograph.shape}"
        raise ImageError(f"a photograph is a uint8 array (H, W, 3) in RGB; received {received}")


def _check_size(height: int, width: int) -> None:
    if min(height, width) < LEAST_SIDE or max(height, width) > MOST_OBLONG * min(height, width):
        shown = f"{height}×{width}"
        raise ImageError(f"has {shown} pixels, expected at least {LEAST_SIDE} a side and at most {MOST_OBLONG} to 1")
