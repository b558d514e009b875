from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import as_anndata, build_atlas, write_h5ad

anndata = pytest.importorskip("anndata")


def test_what_is_read_back(annotated: Path, tmp_path: Path) -> None:
    atlas = build_atlas(annotated, rows=8)
    write_h5ad(tmp_path / "atlas.h5ad", atlas)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = anndata.read_h5ad(tmp_path / "atlas.h5ad")
    assert list(data.var_names) == list(atlas.genes) and list(data.obs["stage"].cat.categories) == list(atlas.stages)
    for stage in atlas.stages:
        one, s = data[data.obs["stage"] == stage], atlas.stages.index(stage)
        for layer, plane in ((None, atlas.mean), ("mean", atlas.mean), ("share", atlas.share)):
            found = one.X if layer is None else one.layers[layer]
            for row, (y, x) in enumerate(zip(one.obs["row"], one.obs["column"], strict=True)):
                np.testing.assert_array_equal(found[row], plane[s, :, y, x])
        assert (one.layers["n_images"] == atlas.n_images[s]).all()
        np.testing.assert_allclose(one.obsm["spatial"][:, 0], one.obs["egg_length"], rtol=1e-6)
        np.testing.assert_allclose(one.obsm["spatial"][:, 1], one.obs["dorsoventral"] * atlas.aspect, rtol=1e-5)
    told = data.uns["lsl"]
    assert (told["model_digest"], told["store_fingerprint"]) == (atlas.model_digest, atlas.store_fingerprint)
    assert set(data.obs["age"][data.obs["stage"] == "9"]) == {240.0} and told["age_unit"] == "minutes"  # 220 to 260
    assert "spatial_um" not in data.obsm and data.obs_names.is_unique


def test_micrometres(annotated: Path) -> None:
    from dataclasses import replace

    data = as_anndata(replace(build_atlas(annotated, rows=4), egg_um=500.0))
    np.testing.assert_allclose(data.obsm["spatial_um"], data.obsm["spatial"] * 5, rtol=1e-6)
