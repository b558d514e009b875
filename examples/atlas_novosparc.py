"""Where do dissociated cells come from? novoSpaRc places them on an atlas, by the genes that both know.

    lsl-gem store.h5 --h5ad atlas.h5ad --stage 5
    python examples/atlas_novosparc.py atlas.h5ad 5 cells.txt geometry.txt places.png

cells.txt has a header of genes and a row a cell, geometry.txt the true places of the same cells: x from anterior to
posterior, y, z from ventral to dorsal. Those of the BDTNP's virtual embryo have this form. It needs novosparc, anndata
and matplotlib, and nothing of lsl-toolkit.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anndata
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import novosparc
import numpy as np

CELLS, SEED, LINEAR = 400, 0, 0.8


def percent(values: np.ndarray) -> np.ndarray:
    """From the least to the most, 0 to 100."""
    return np.asarray(100 * (values - values.min()) / np.ptp(values))


def main(path: str, stage: str, cells: str, geometry: str, picture: str) -> int:
    atlas = anndata.read_h5ad(path)
    atlas = atlas[atlas.obs["stage"] == stage]
    genes = Path(cells).read_text(encoding="utf-8").split("\n", 1)[0].split()
    counts = np.loadtxt(cells, skiprows=1)[:, -len(genes) :]
    true = np.loadtxt(geometry, skiprows=1)[: len(counts)]
    true = np.stack([percent(true[:, 0]), percent(-true[:, 2])], 1)  # from the anterior end, from the dorsal side
    chosen = np.random.default_rng(SEED).choice(len(counts), min(CELLS, len(counts)), replace=False)
    found, true = placed(atlas, counts[chosen], genes), true[chosen]
    chance = np.random.default_rng(SEED).permutation(len(found))
    for axis, name in enumerate(("egg length", "dorsoventral")):
        error, by_chance = (np.median(np.abs(one[:, axis] - true[:, axis])) for one in (found, found[chance]))
        print(f"{name}: cells lie {error:.1f} % from their places in the median, {by_chance:.1f} % where shuffled")
    draw(found, true, picture)
    return 0


def placed(atlas: anndata.AnnData, counts: np.ndarray, genes: list[str]) -> np.ndarray:
    """The mean place of each cell, in percent of the egg's length and height."""
    data = anndata.AnnData(counts)
    data.var_names = genes
    shared = [gene for gene in genes if gene in atlas.var_names and not np.isnan(atlas[:, gene].X).any()]
    tissue = novosparc.cm.Tissue(dataset=data, locations=np.asarray(atlas.obsm["spatial"], float))
    tissue.setup_reconstruction(
        atlas_matrix=np.asarray(atlas[:, shared].X, float),
        markers_to_use=np.array([genes.index(gene) for gene in shared]),
    )
    tissue.reconstruct(alpha_linear=LINEAR, epsilon=5e-3)
    share = np.asarray(tissue.gw)
    places = atlas.obs[["egg_length", "dorsoventral"]].to_numpy(float)
    return np.asarray(share / share.sum(1, keepdims=True) @ places)


def draw(found: np.ndarray, true: np.ndarray, picture: str) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(9, 4))
    for axis, part, name in zip(axes, (0, 1), ("egg length", "dorsoventral"), strict=True):
        axis.plot([0, 100], [0, 100], color="0.8")
        axis.scatter(true[:, part], found[:, part], s=6)
        axis.set(title=f"{name}, percent", xlabel="true place", ylabel="place on the atlas")
    figure.savefig(picture, dpi=120, bbox_inches="tight")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
