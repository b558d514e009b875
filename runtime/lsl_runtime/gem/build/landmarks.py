"""Landmarks: the connected regions of a landmark map that are no chance, or those of a masked map that stand out.

They show where the model looks, no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.egg_coordinates import EggBox
from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.build.landmark_map import LandmarkMap
from lsl_shared.errors import ConfigError

__all__ = ["LANDMARK_NOTE", "Landmark", "landmarks"]

LANDMARK_NOTE = "Landmarks are what stands out in the maps: they show where the model looks, no more."


@dataclass(frozen=True)
class Landmark:
    """One region of a landmark map, or of a masked map."""

    stage: str
    """The class or term that is mapped."""
    number: int
    """From 1, the one with the largest sum first."""
    threshold: float
    """The value of the map from which a pixel belongs to a region; of a landmark map the largest p of a region's
    cells."""
    area: float
    """Percent of the mean embryo."""
    egg_length: float
    """Centroid, percent from anterior 0 to posterior 100."""
    dorsoventral: float
    """Centroid, percent from dorsal 0 to ventral 100."""
    mean: float
    """Mean of the map over the region."""
    outline: NDArray[np.int32] = field(repr=False, compare=False)
    """(n, 2): pixels (x, y) of the outer border, closed by joining the last to the first."""
    first: float = math.nan
    """Where it begins, in percent egg length."""
    last: float = math.nan
    """Where it ends, in percent egg length."""
    p: float = math.nan
    """The smallest p of its cells; NaN in a masked map, whose regions are not tested."""


def landmarks(gem: Gem, *, level: float = 0.5, least_area: float = 0.5) -> tuple[Landmark, ...]:
    """The regions that define a class, the one with the largest sum first.

    Of a map that has a landmark map they are its significant cells, as far as these speak for the class. Cells that
    touch by side or corner are one region.

    Of another they are the regions of the masked map that stand out. A pixel of the mean embryo belongs to a region
    where the map lies at least `level` of the way from its median to its maximum inside the embryo.

    Args:
        gem: A map that has a landmark map or a masked map.
        level: How far up a pixel of a masked map must lie, above 0, up to 1.
        least_area: Smaller regions are left out, in percent of the embryo.

    Returns:
        The regions; none in an even map, or where no cell is significant.

    Raises:
        ConfigError: The map has neither, or `level` is outside its range.

    Example:
        >>> from lsl_runtime import build_gem, landmarks
        >>> first = landmarks(build_gem("store.h5", "4"))[0]
        >>> first.number, bool(first.egg_length < 50)
        (1, True)
    """
    if gem.masked_gem is None and gem.landmark_map is None:
        raise ConfigError(f"landmarks are read from the masked map, and that of {gem.stage!r} was not asked for")
    if not 0 < level <= 1:
        raise ConfigError(f"the level of a landmark lies above 0, up to 1; received {level}")
    box = EggBox(gem.embryo)
    found = _standing_out(gem, level, box) if gem.landmark_map is None else _significant(gem, gem.landmark_map, box)
    kept = [one for one in found if one.area >= least_area]
    kept.sort(key=lambda one: one.mean * one.area, reverse=True)
    return tuple(replace(one, number=number) for number, one in enumerate(kept, start=1))


def _standing_out(gem: Gem, level: float, box: EggBox) -> Iterator[Landmark]:
    """Yields the regions of a masked map."""
    assert gem.masked_gem is not None
    plane = gem.masked_gem
    values = plane[box.inside]
    middle, top = float(np.median(values)), float(values.max())
    if top > middle:
        threshold = middle + level * (top - middle)
        for region in _regions(box.inside & (plane >= np.float32(threshold))):
            yield _landmark(gem.stage, plane, threshold, region, box)


def _significant(gem: Gem, found: LandmarkMap, box: EggBox) -> Iterator[Landmark]:
    """Yields the regions of a landmark map: its significant cells, as pixels of the embryo."""
    p = _enlarged(found.p, gem.embryo.shape)
    for region in _regions(_enlarged(found.significant, gem.embryo.shape) & box.inside):
        yield replace(_landmark(gem.stage, found.mean, float(p[region].max()), region, box), p=float(p[region].min()))


def _enlarged(cells: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The cell (h, w) that each pixel (H, W) lies in."""
    rows, columns = (np.arange(size) * count // size for size, count in zip(shape, cells.shape, strict=True))
    return np.asarray(cells[rows[:, None], columns])


def _landmark(
    stage: str, plane: NDArray[np.float32], threshold: float, region: NDArray[np.bool_], box: EggBox
) -> Landmark:
    y, x = np.nonzero(region)
    return Landmark(
        stage=stage,
        number=0,
        threshold=threshold,
        area=100 * len(x) / int(box.inside.sum()),
        egg_length=box.length(float(x.mean()) + 0.5),
        dorsoventral=box.height(float(y.mean()) + 0.5),
        mean=float(plane[region].mean()),
        outline=_outline(region),
        first=box.length(float(x.min())),
        last=box.length(float(x.max()) + 1),
    )


def _regions(above: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    import cv2

    count, labels = cv2.connectedComponents(above.astype(np.uint8), connectivity=8)
    return (labels == label for label in range(1, count))


def _outline(region: NDArray[np.bool_]) -> NDArray[np.int32]:
    import cv2

    outlines, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(outlines[0][:, 0], np.int32)
