"""Standardized photographs pasted into scenes, found again and cut out by our own segmentation, the truth known.

Cut-outs are never quite alike, and the outline tells most about how an embryo lies. So these images weigh the networks
against each other, set the thresholds, and judge the result.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_tools.demo.scene import Scene, compose_scene
from lsl_tools.standardize.photograph import Standardized, standardize_photograph
from lsl_tools.standardize.segment.ellipse import overlap, polygon_mask

__all__ = ["composites"]

Images = NDArray[np.uint8]
_SIZE = (720, 1013)
_LEAST_OVERLAP = 0.9


def composites(images: Images, neighbours: Images, count: int, seed: int) -> tuple[Images, NDArray[np.bool_]]:
    """`count` of each standardized image uint8 (N, 128, 320, 3), up to 3 of `neighbours` beside it, and upright again:
    uint8 (N, count, 128, 320, 3).

    The second array, bool (N, count), says which were cut out well: without a flag, and overlapping the truth by 0.9 or
    more. The others are white: what they show is the segmentation's affair.
    """
    made = np.full((len(images), count, 128, 320, 3), 255, np.uint8)
    well = np.zeros((len(images), count), bool)
    for row, image in enumerate(images):
        for place in range(count):
            generator = np.random.default_rng([seed, row, place])
            beside = [neighbours[other] for other in generator.integers(len(neighbours), size=generator.integers(4))]
            upright = _found_again(compose_scene(image, beside, generator, _SIZE))
            if upright is not None:
                made[row, place], well[row, place] = upright, True
    return made, well


def _found_again(scene: Scene) -> Images | None:
    """The main embryo as it lay before it was pasted; None where it was not cut out well."""
    result = standardize_photograph(scene.photograph)
    if result.flags or not _covers(result, scene.mask):
        return None
    assert result.image is not None and result.pose is not None
    half_turn = bool(np.cos(np.radians(result.pose.rotation - scene.angle)) < 0)  # is mirroring both ways
    y, x = (-1 if flip != half_turn else 1 for flip in (scene.flip_y, scene.flip_x))
    return np.ascontiguousarray(result.image[::y, ::x])


def _covers(result: Standardized, mask: NDArray[np.bool_]) -> bool:
    if result.found is None:
        return False
    return overlap(polygon_mask(result.found.outline, mask.shape[:2]), mask) >= _LEAST_OVERLAP
