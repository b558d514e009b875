"""An atlas as SpatialData: the maps as pictures, the places as shapes, the genes as their table; one OME-Zarr folder.

    lsl-gem store.h5 --stage 9 --stage 10
    lsl-gem store.h5 --h5ad atlas.h5ad --stage 9 --stage 10
    python examples/atlas_spatialdata.py atlas.h5ad store.gems/gems.h5 atlas.zarr

Each stage is a coordinate system of its own, in percent of the egg's length. It needs spatialdata, and nothing of
lsl-toolkit. spatialdata 0.7 writes no pictures with ome-zarr 0.14 or later: pip install spatialdata 'ome-zarr<0.14'.
"""

from __future__ import annotations

import sys

import anndata
import h5py
import numpy as np
import spatialdata
from spatialdata.models import Image2DModel, ShapesModel, TableModel
from spatialdata.transformations import Affine


def to_percent(atlas: anndata.AnnData, shape: tuple[int, int], stage: str) -> dict[str, Affine]:
    """From pixels of a map (H, W) to the percent of the egg's length that the atlas counts in."""
    obs, spatial, grid = atlas.obs, atlas.obsm["spatial"], atlas.uns["lsl"]["grid"]
    pixels = (obs["column"].to_numpy() + 0.5) * shape[1] / grid[1], (obs["row"].to_numpy() + 0.5) * shape[0] / grid[0]
    (along, left), (across, top) = (np.polyfit(pixels[axis], spatial[:, axis], 1) for axis in (0, 1))
    matrix = np.array([[along, 0, left], [0, across, top], [0, 0, 1]])
    return {stage: Affine(matrix, input_axes=("x", "y"), output_axes=("x", "y"))}


def main(path: str, gems: str, target: str) -> int:
    atlas = anndata.read_h5ad(path)
    task, stages = atlas.uns["lsl"]["task"], list(atlas.obs["stage"].cat.categories)
    images, shapes = {}, {}
    with h5py.File(gems) as file:
        maps = {group.attrs["stage"]: group for group in file.values() if group.attrs["task"] == task}
        for stage in stages:
            if stage in maps:
                planes = np.stack([maps[stage][key][...] for key in ("gem", "embryo")])  # (c, H, W)
                placed = to_percent(atlas, planes.shape[1:], stage)
                images[f"map_{stage}"] = Image2DModel.parse(
                    planes, dims=("c", "y", "x"), c_coords=["stain", "embryo"], transformations=placed
                )
    for stage in stages:
        here = atlas.obs["stage"] == stage
        radius = float(np.diff(np.unique(atlas.obs["egg_length"])).min()) / 2
        shapes[f"places_{stage}"] = ShapesModel.parse(
            atlas.obsm["spatial"][here], geometry=0, radius=radius, index=atlas.obs_names[here],
            transformations={stage: spatialdata.transformations.Identity()},
        )  # fmt: skip
    atlas.obs["region"] = ("places_" + atlas.obs["stage"].astype(str)).astype("category")
    atlas.obs["place"] = atlas.obs_names
    table = TableModel.parse(atlas, region=[*shapes], region_key="region", instance_key="place")
    whole = spatialdata.SpatialData(images=images, shapes=shapes, tables={"genes": table})
    whole.write(target)
    print(whole)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
