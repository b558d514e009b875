"""An expression atlas as AnnData, the file of single-cell and spatial tools, written by anndata itself."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsl_runtime.gem.atlas.atlas import Atlas
from lsl_shared.errors import ConfigError
from lsl_shared.files.atomic import atomic_path

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["as_anndata", "check_anndata", "write_h5ad"]

_FORMAT_VERSION = 1


def check_anndata(option: str = "--h5ad") -> None:
    """Raises ConfigError where anndata is not installed."""
    try:
        import_module("anndata")
    except ImportError:
        raise ConfigError(f"{option} needs anndata: pip install 'lsl-toolkit[atlas]'") from None


def as_anndata(atlas: Atlas) -> AnnData:
    """An atlas as AnnData: a row for each place and stage, a column for each gene.

    `X` and the layer `mean` hold the mean stain density, `share` the stained share, `n_images` the images behind them;
    NaN says that a gene has no image of a stage. `obsm["spatial"]` has places in percent of the egg's length, and
    `obsm["spatial_um"]` in µm where the size of pixels is known.

    Args:
        atlas: The atlas.

    Returns:
        `anndata.AnnData`, stages × cells by genes.

    Raises:
        ConfigError: anndata is not installed.

    Example:
        >>> from lsl_runtime import as_anndata, build_atlas
        >>> data = as_anndata(build_atlas("store.h5", rows=8))
        >>> data.shape, list(data.obs.columns)
        ((448, 20), ['stage', 'row', 'column', 'egg_length', 'dorsoventral', 'age', 'embryo'])
        >>> one = data[data.obs["stage"] == "9"]
        >>> one.obsm["spatial"].shape
        (112, 2)
    """
    check_anndata()
    from anndata import AnnData
    from pandas import DataFrame

    mean, cells = atlas.cells(atlas.mean), int(atlas.inside.sum())
    counts = np.repeat(atlas.n_images, cells, axis=0)  # (S · cells, G)
    seen = {"n_images": atlas.n_images.sum(0, dtype=np.int32), "n_stages": (atlas.n_images > 0).sum(0, dtype=np.int32)}
    places = np.tile(atlas.spatial(), (len(atlas.stages), 1))
    obsm = {"spatial": places} | ({"spatial_um": places * (atlas.egg_um / 100)} if atlas.egg_um > 0 else {})
    layers = {"mean": mean, "share": atlas.cells(atlas.share), "n_images": counts}
    var = DataFrame(seen, index=np.array(atlas.genes, object))
    return AnnData(mean.copy(), obs=_obs(atlas), var=var, obsm=obsm, layers=layers, uns={"lsl": _told(atlas)})


def write_h5ad(path: str | Path, atlas: Atlas) -> None:
    """Writes an atlas as .h5ad, complete or not at all; see `as_anndata`.

    Args:
        path: The file.
        atlas: The atlas.

    Raises:
        ConfigError: anndata is not installed.

    Example:
        >>> import anndata
        >>> from lsl_runtime import build_atlas, write_h5ad
        >>> write_h5ad("atlas.h5ad", build_atlas("store.h5", rows=8))
        >>> anndata.read_h5ad("atlas.h5ad").uns["lsl"]["task"]
        'stage'
    """
    data = as_anndata(atlas)
    with atomic_path(path) as temporary:
        data.write_h5ad(temporary, compression="gzip")


def _obs(atlas: Atlas) -> Any:
    """A row for each stage and cell."""
    from pandas import Categorical, DataFrame

    rows, columns = (axis.astype(np.int32) for axis in np.nonzero(atlas.inside))  # R has no longer numbers
    count, stages = len(rows), len(atlas.stages)
    names = [f"{stage}:{row}:{column}" for stage in atlas.stages for row, column in zip(rows, columns, strict=True)]
    placed: dict[str, Any] = {
        "row": rows, "column": columns, "egg_length": atlas.egg_length[columns],
        "dorsoventral": atlas.dorsoventral[rows],
    }  # fmt: skip
    of_stage = Categorical.from_codes(np.repeat(np.arange(stages), count), list(atlas.stages), ordered=True)
    table = {key: np.tile(column, stages) for key, column in placed.items()}
    if atlas.timetable is not None:
        middles = (np.array(atlas.timetable.begin) + np.array(atlas.timetable.end)) / 2
        table["age"] = np.repeat(middles.astype(np.float32), count)
    table["embryo"] = atlas.embryo[:, rows, columns].ravel()
    return DataFrame({"stage": of_stage, **table}, index=np.array(names, object))


def _told(atlas: Atlas) -> dict[str, Any]:
    """Where the numbers are from."""
    return {
        "format": "lsl-atlas", "version": _FORMAT_VERSION, "task": atlas.task, "view": atlas.view,
        "selection": atlas.selection, "grid": np.array(atlas.inside.shape), "aspect": atlas.aspect,
        "age_unit": atlas.timetable.unit if atlas.timetable else "",
        "egg_um": atlas.egg_um, "n_without_gene": atlas.n_without_gene, "model": atlas.model,
        "model_digest": atlas.model_digest, "store": atlas.store, "store_fingerprint": atlas.store_fingerprint,
        "readme": "Mean stain density (0 to 1) of genes by place and stage; NaN: no image of the gene at the stage. "
        "Layers: mean, share (how much is stained), n_images. obsm spatial: percent of the egg's length from the "
        "anterior end, and from the dorsal side.",
    }  # fmt: skip
