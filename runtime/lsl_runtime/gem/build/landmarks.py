"""Landmarks: the connected regions of a masked map that stand out. They show where the model looks, no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.egg_coordinates import EggBox
from lsl_runtime.gem.build.gem import Gem
from lsl_shared.errors import ConfigError

__all__ = ["LANDMARK_NOTE", "Landmark", "landmarks"]

LANDMARK_NOTE = "Landmarks are where stain meets the model's attention: they show where the model looks, no more."


@dataclass(frozen=True)
class Landmark:
    """One region of a masked map."""

    stage: str
    """The class or term that is mapped."""
    number: int
    """From 1, the one with the largest sum first."""
    threshold: float
    """The value of the masked map from which a pixel belongs to a region."""
    area: float
    """Percent of the mean embryo."""
    egg_length: float
    """Centroid, percent from anterior 0 to posterior 100."""
    dorsoventral: float
    """Centroid, percent from dorsal 0 to ventral 100."""
    mean: float
    """Mean of the masked map over the region."""
    outline: NDArray[np.int32] = field(repr=False, compare=False)
    """(n, 2): pixels (x, y) of the outer border, closed by joining the last to the first."""


def landmarks(gem: Gem, *, level: float = 0.5, least_area: float = 0.5) -> tuple[Landmark, ...]:
    """The regions of a masked map that stand out, the one with the largest sum first.

    A pixel of the mean embryo belongs to a region where the map lies at least `level` of the way from its median to its
    maximum inside the embryo. Pixels that touch by side or corner are one region.

    Args:
        gem: A map that has a masked map.
        level: How far up a pixel must lie, above 0, up to 1.
        least_area: Smaller regions are left out, in percent of the embryo.

    Returns:
        The regions; none in an even map.

    Raises:
        ConfigError: The map has no masked map, or `level` is outside its range.

    Example:
        >>> from lsl_runtime import build_gem, landmarks
        >>> first = landmarks(build_gem("store.h5", "4"))[0]
        >>> first.number, bool(first.egg_length < 50)
        (1, True)
    """
    if gem.masked_gem is None:
        raise ConfigError(f"landmarks are read from the masked map, and that of {gem.stage!r} was not asked for")
    if not 0 < level <= 1:
        raise ConfigError(f"the level of a landmark lies above 0, up to 1; received {level}")
    plane, box = gem.masked_gem, EggBox(gem.embryo)
    values = plane[box.inside]
    middle, top = float(np.median(values)), float(values.max())
    if not top > middle:
        return ()
    threshold = middle + level * (top - middle)
    found = _regions(box.inside & (plane >= np.float32(threshold)))
    kept = [region for region in found if 100 * region.sum() >= least_area * box.inside.sum()]
    kept.sort(key=lambda region: float(plane[region].sum()), reverse=True)
    return tuple(_landmark(gem, number, threshold, region, box) for number, region in enumerate(kept, start=1))


def _landmark(gem: Gem, number: int, threshold: float, region: NDArray[np.bool_], box: EggBox) -> Landmark:
    assert gem.masked_gem is not None
    y, x = np.nonzero(region)
    return Landmark(
        stage=gem.stage,
        number=number,
        threshold=threshold,
        area=100 * len(x) / int(box.inside.sum()),
        egg_length=box.length(float(x.mean()) + 0.5),
        dorsoventral=box.height(float(y.mean()) + 0.5),
        mean=float(gem.masked_gem[region].mean()),
        outline=_outline(region),
    )


def _regions(above: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    import cv2

    count, labels = cv2.connectedComponents(above.astype(np.uint8), connectivity=8)
    return (labels == label for label in range(1, count))


def _outline(region: NDArray[np.bool_]) -> NDArray[np.int32]:
    import cv2

    outlines, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(outlines[0][:, 0], np.int32)
