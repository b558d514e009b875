"""Which genes are strongest in a part of the egg? Asked of an atlas in SpatialData, and drawn on the stage's map.

    lsl-gem store.h5 --spatialdata atlas.zarr
    python examples/atlas_spatialdata.py atlas.zarr 5 85 100 posterior.png

Each stage is a coordinate system of its own, in percent of the egg's length from the anterior end. This needs
spatialdata and matplotlib, and nothing of lsl-toolkit.
"""

from __future__ import annotations

import sys

import anndata
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import spatialdata

SHOWN, LEAST = 10, 0.02


def main(path: str, stage: str, begin: str, end: str, picture: str) -> int:
    whole = spatialdata.read_zarr(path)
    part = spatialdata.bounding_box_query(
        whole, axes=("x", "y"), min_coordinate=[float(begin), 0.0], max_coordinate=[float(end), 100.0],
        target_coordinate_system=stage,
    )  # fmt: skip
    genes = whole["genes"][whole["genes"].obs["stage"] == stage]
    inside, everywhere = np.nanmean(part["genes"].X, axis=0), np.nanmean(genes.X, axis=0)
    ratio = inside / (everywhere + LEAST)
    order = [place for place in np.argsort(-ratio) if np.isfinite(ratio[place])]
    print(f"stage {stage}, {begin} to {end} % egg length, {part['genes'].n_obs} places: stain there against everywhere")
    for place in order[:SHOWN]:
        print(f"  {genes.var_names[place]}: {inside[place]:.3f} against {everywhere[place]:.3f}")
    draw(whole, stage, genes, genes.var_names[order[0]], picture)
    return 0


def draw(whole: spatialdata.SpatialData, stage: str, genes: anndata.AnnData, gene: str, picture: str) -> None:
    """The stage's map, and the places by how much of a gene is there."""
    image = whole[f"map_{stage}"]
    extent = spatialdata.get_extent(image, coordinate_system=stage)
    borders = (*extent["x"], *reversed(extent["y"]))
    places = whole[f"places_{stage}"].geometry
    figure, (above, below) = plt.subplots(2, figsize=(6, 6), sharex=True)
    above.imshow(image.sel(c="stain"), extent=borders, cmap="inferno")
    above.set_title(f"all genes, stage {stage}")
    values = np.asarray(genes[:, gene].X).ravel()
    below.scatter(places.x, places.y, c=values, cmap="inferno", s=14)
    below.set(title=gene, xlim=borders[:2], ylim=borders[2:], xlabel="percent of the egg's length")
    below.set_aspect("equal")
    figure.savefig(picture, dpi=120, bbox_inches="tight")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
