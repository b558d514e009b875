"""Which genes have a pattern: Moran's I of every gene of an atlas, with squidpy.

    lsl-gem store.h5 --h5ad atlas.h5ad
    python examples/atlas_squidpy.py atlas.h5ad 5 moran.png

Prints the genes of stage 5 from the most patterned to the least, and draws both ends. It needs squidpy, and nothing of
lsl-toolkit. With a folder as fourth argument, the virtual embryo of the Berkeley Drosophila Transcription Network
Project (its cells and 84 genes, as novoSpaRc ships them), it tells how well the ranks agree with those of the cells.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anndata
import matplotlib
import numpy as np
import pandas
import squidpy

matplotlib.use("agg")
from matplotlib import pyplot


def at_stage(atlas: anndata.AnnData, stage: str) -> anndata.AnnData:
    """The genes that have images of a stage and differ from place to place; of a constant gene I is not defined, and
    squidpy then gives no gene a corrected p."""
    one = atlas[atlas.obs["stage"] == stage]
    one = one[:, one.layers["n_images"][0] > 0]
    return one[:, np.ptp(one.X, axis=0) > 0].copy()


def moran(data: anndata.AnnData) -> pandas.Series:
    """Moran's I of each gene over the six nearest places, highest first."""
    squidpy.gr.spatial_neighbors(data, n_neighs=6, coord_type="generic")
    squidpy.gr.spatial_autocorr(data, mode="moran", genes=list(data.var_names), n_perms=None, n_jobs=1)
    return data.uns["moranI"]["I"].sort_values(ascending=False)


def virtual_embryo(folder: Path) -> anndata.AnnData:
    """The cells of the virtual embryo, seen from the side."""
    genes = pandas.read_csv(folder / "novosparc_bdtnp_dge.txt", sep="\t")
    places = pandas.read_csv(folder / "novosparc_bdtnp_geometry.txt", sep=r"\s+").to_numpy()[: len(genes)]
    genes.index = genes.index.astype(str)
    cells = anndata.AnnData(genes.astype(np.float32))
    cells.obsm["spatial"] = places[:, [0, 2]]
    return cells


def draw(data: anndata.AnnData, ranked: pandas.Series, path: str) -> None:
    """The four most patterned genes above the four least."""
    figure, axes = pyplot.subplots(2, 4, figsize=(12, 3.6))
    for axis, gene in zip(axes.ravel(), [*ranked.index[:4], *ranked.index[-4:]], strict=False):
        x, y = data.obsm["spatial"].T
        axis.scatter(x, y, c=np.asarray(data[:, gene].X).ravel(), s=14, marker="s", cmap="inferno")
        axis.set(title=f"{gene}  I = {ranked[gene]:.2f}", aspect="equal", xticks=[], yticks=[])
        axis.invert_yaxis()  # places are counted from the dorsal side
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main(path: str, stage: str, picture: str, embryo: str = "") -> int:
    data = at_stage(anndata.read_h5ad(path), stage)
    ranked = moran(data)
    for gene, value in ranked.items():
        print(f"{gene}\t{value:.3f}")
    draw(data, ranked, picture)
    if embryo:
        cells = virtual_embryo(Path(embryo))
        shared = [gene for gene in ranked.index if gene in set(cells.var_names)]
        truth = moran(cells[:, shared].copy())
        print(f"rank correlation with the virtual embryo, {len(shared)} genes:", end=" ")
        print(f"{ranked[shared].rank().corr(truth[shared].rank()):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
