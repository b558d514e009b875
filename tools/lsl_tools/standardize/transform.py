"""The transform of each image of a standardized store: how it leads back to its photograph, and how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lsl_shared.errors import StoreError
from lsl_shared.files.store import Store
from lsl_shared.files.store_writer import StoreWriter
from lsl_tools.importing.listing import Sample
from lsl_tools.standardize.photograph import Standardized
from lsl_tools.standardize.pose import Pose

__all__ = ["QUALITY", "read_pose", "write_transform"]

QUALITY = ("support", "fit", "area", "border", "rival", "aspect", "probability_x", "probability_y")
"""The columns of transform/quality; see `Segmentation` and `Turns`."""


def write_transform(writer: StoreWriter, kept: Sequence[tuple[Sample, Standardized]], channel: str = "") -> None:
    """Writes transform/… of the images of a store, in their order; `channel` is the one that was asked for."""
    poses = [_pose(result) for _, result in kept]
    writer.add_transform("rotation", np.array([pose.rotation for pose in poses], np.float32))
    box = ("x", "y", "length", "width")
    writer.add_transform("box", np.array([pose.box for pose in poses], np.float32), box)
    flips = np.array([(pose.flip_x, pose.flip_y) for pose in poses])
    writer.add_transform("flips", flips, ("left-right", "up-down"))
    writer.add_transform("scale", np.array([pose.scale for pose in poses], np.float32), ("along", "across"))
    writer.add_transform("quality", np.array([_quality(result) for _, result in kept], np.float32), QUALITY)
    writer.add_transform("photograph", [str(sample.path.absolute()) for sample, _ in kept])
    if channel:
        writer.add_transform("channel", [channel] * len(kept))
    writer.add_transform("flags", ["; ".join(result.flags) for _, result in kept])


def read_pose(store: Store, place: int) -> Pose:
    """The pose of the image at `place` of a standardized store. Raises StoreError where it was not standardized."""
    columns: list[Any] = [store.transform(name)[place] for name in ("rotation", "box", "flips")]
    rotation, box, flips = columns
    if len(box) != 4 or len(flips) != 2 or not np.all(np.isfinite(box)) or min(box[2:]) <= 0:
        raise StoreError(store.path, f"cannot be used: box {box}, flips {flips}", "transform/box")
    whole = tuple(float(side) for side in box)
    return Pose(float(rotation), (whole[0], whole[1], whole[2], whole[3]), store.shape[1:], *map(bool, flips))


def _pose(result: Standardized) -> Pose:
    assert result.pose is not None
    return result.pose


def _quality(result: Standardized) -> tuple[float, ...]:
    found = result.found
    assert found is not None
    scores = (found.support, found.fit, found.area, found.border, found.rival, found.aspect)
    return (*scores, *result.probabilities)
