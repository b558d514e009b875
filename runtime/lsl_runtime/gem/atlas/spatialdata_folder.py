"""An atlas and its maps as SpatialData, one OME-Zarr folder, written by spatialdata itself.

Each stage is a coordinate system of its own, in percent of the egg's length: its map and a photograph as pictures, its
places as shapes. One table holds what the genes show at the places of all stages.
"""

from __future__ import annotations

import logging
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.atlas.anndata_file import as_anndata
from lsl_runtime.gem.atlas.atlas import Atlas
from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.files.maps_file import safe_name
from lsl_shared.errors import ConfigError, GemError
from lsl_shared.files.atomic import named_as

__all__ = ["check_spatialdata", "check_target", "write_spatialdata"]

_CHUNKS = "Expected an iterable of integers"
"""What spatialdata 0.7 says where ome-zarr is 0.14 or later."""


def check_spatialdata() -> None:
    """Raises ConfigError where spatialdata is not installed."""
    try:
        with _quiet():
            import_module("spatialdata.models")  # which the earliest release, an empty one, lacks
    except ImportError:
        raise ConfigError("--spatialdata needs spatialdata: pip install 'lsl-toolkit[spatialdata]'") from None


def check_target(path: Path) -> None:
    """Raises GemError where something is there already: a folder might hold anything, so none is replaced."""
    if path.exists():
        raise GemError(path, "is there already; remove it, or choose another name for --spatialdata")


def write_spatialdata(path: str | Path, atlas: Atlas, gems: Sequence[Gem] = ()) -> None:
    """Writes an atlas, with maps, as SpatialData: an OME-Zarr folder, complete or not at all.

    Args:
        path: The folder, which is not there yet; tools know it by the ending .zarr.
        atlas: The atlas.
        gems: Maps of its stages, as `build_gems` makes them; their numbers stay as they are.

    Raises:
        ConfigError: spatialdata is not installed, or does not go together with the ome-zarr that is.
        GemError: Something is there already.

    Example:
        >>> from lsl_runtime import build_atlas, build_gems, write_spatialdata
        >>> atlas, gems = build_atlas("store.h5", ["9"], rows=8), build_gems("store.h5", ["9"], masked=False)
        >>> write_spatialdata("atlas.zarr", atlas, gems)  # doctest: +SKIP
    """
    target = Path(path)
    check_spatialdata()
    check_target(target)
    with _quiet(), _temporary(target) as temporary:
        whole = _spatial_data(atlas, gems)
        try:
            whole.write(temporary)
        except TypeError as problem:
            if _CHUNKS not in str(problem):
                raise
            told = "spatialdata 0.7 writes no pictures with ome-zarr 0.14 or later: pip install 'ome-zarr<0.14'"
            raise ConfigError(told) from None


@contextmanager
def _temporary(target: Path) -> Iterator[Path]:
    """A name beside the target for a folder that takes its place once it is written."""
    temporary = target.with_name(f".{target.name}.tmp")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with named_as(temporary, target):
            yield temporary
            temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of what libraries say to their developers."""
    logger = logging.getLogger("spatialdata")
    before = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(before)


def _spatial_data(atlas: Atlas, gems: Sequence[Gem]) -> Any:
    spatialdata, models = import_module("spatialdata"), import_module("spatialdata.models")
    names, table = {stage: safe_name(stage) for stage in atlas.stages}, as_anndata(atlas)
    maps = {gem.stage: gem for gem in gems if gem.task == atlas.task}
    images: dict[str, Any] = {}
    for stage in filter(maps.__contains__, atlas.stages):
        images |= _pictures(models, atlas, maps[stage], names[stage])
    radius = float(np.diff(atlas.egg_length).mean()) / 2 if len(atlas.egg_length) > 1 else 50.0
    places = {
        f"places_{name}": models.ShapesModel.parse(
            atlas.spatial(), geometry=0, radius=radius, index=table.obs_names[table.obs["stage"] == stage],
            transformations={name: _identity()},
        )
        for stage, name in names.items()
    }  # fmt: skip
    table.obs["region"] = table.obs["stage"].map({stage: f"places_{name}" for stage, name in names.items()})
    table.obs["region"] = table.obs["region"].astype(str).astype("category")
    table.obs["place"] = table.obs_names
    genes = models.TableModel.parse(table, region=[*places], region_key="region", instance_key="place")
    return spatialdata.SpatialData(images=images, shapes=places, tables={"genes": genes})


def _pictures(models: Any, atlas: Atlas, gem: Gem, name: str) -> dict[str, Any]:
    """The map, with its embryo, and the photograph of the surest image behind it."""
    placed, planes = {name: _to_percent(atlas, gem.gem.shape)}, np.stack([gem.gem, gem.embryo])
    found = {
        f"map_{name}": models.Image2DModel.parse(
            planes, dims=("c", "y", "x"), c_coords=["stain", "embryo"], transformations=placed
        )
    }
    if gem.samples:
        photograph = np.ascontiguousarray(gem.samples[0].image.transpose(2, 0, 1))
        found[f"photograph_{name}"] = models.Image2DModel.parse(
            photograph, dims=("c", "y", "x"), c_coords=["r", "g", "b"], transformations=placed
        )
    return found


def _identity() -> Any:
    return import_module("spatialdata.transformations").Identity()


def _to_percent(atlas: Atlas, shape: tuple[int, ...]) -> Any:
    """From pixels of an image (H, W) to the percent of the egg's length that the atlas counts in."""
    rows, columns = atlas.inside.shape
    along, left = _line(atlas.egg_length, shape[1] / columns)
    across, top = _line(atlas.dorsoventral * np.float32(atlas.aspect), shape[0] / rows)
    matrix = np.array([[along, 0, left], [0, across, top], [0, 0, 1]])
    return import_module("spatialdata.transformations").Affine(matrix, input_axes=("x", "y"), output_axes=("x", "y"))


def _line(middles: NDArray[np.float32], pixels: float) -> tuple[float, float]:
    """Slope and start of the line from pixels to places; `middles` are those of cells that are so many pixels wide."""
    step = float(np.diff(middles.astype(float)).mean()) / pixels if len(middles) > 1 else 100 / pixels
    return step, float(middles[0]) - step * pixels / 2
