"""One photograph standardized: found, flagged, turned, cropped and scaled; its mirroring is chosen afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.standardize.pose import Pose, pose_of, warp
from lsl_tools.standardize.quality import flags_of
from lsl_tools.standardize.segment.segmentation import Segmentation, segment

__all__ = ["SIZE", "Standardized", "standardize_photograph"]

SIZE = (128, 320)
"""(H, W) of a standardized image."""
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
    _check(photograph)
    shown = (photograph.shape[0], photograph.shape[1])
    found = segment(photograph)
    flags = flags_of(found)
    if found is None:
        return Standardized(shown, flags)
    pose = pose_of(found, shown, size)
    image = warp(photograph, pose, None if found.standardized else found.outline)
    return Standardized(shown, flags, image, pose, found)


def _check(photograph: NDArray[np.uint8]) -> None:
    if not isinstance(photograph, np.ndarray):
        raise ImageError(f"a photograph is a uint8 array (H, W, 3) in RGB; received {type(photograph).__name__}")
    if photograph.dtype != np.uint8 or photograph.ndim != 3 or photograph.shape[2] != 3:
        received = f"{photograph.dtype} {photograph.shape}"
        raise ImageError(f"a photograph is a uint8 array (H, W, 3) in RGB; received {received}")
    if min(photograph.shape[:2]) < LEAST_SIDE or max(photograph.shape[:2]) > MOST_OBLONG * min(photograph.shape[:2]):
        shown = f"{photograph.shape[0]}×{photograph.shape[1]}"
        raise ImageError(f"has {shown} pixels, expected at least {LEAST_SIDE} a side and at most {MOST_OBLONG} to 1")
