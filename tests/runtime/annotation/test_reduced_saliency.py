"""Maps that are stored at a part of the images' resolution."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from lsl_runtime import Model, annotate, annotate_shard, build_gem, join_shards, saliency_samples
from lsl_runtime.annotation.cli import app
from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.model.saliency_methods import Saliency
from lsl_shared import Annotations, AnnotationsError, ConfigError, Store

Make = Callable[..., Path]


def _block_means(maps: NDArray[np.floating], by: int) -> NDArray[np.float64]:
    count, height, width = maps.shape
    means = np.empty((count, height // by, width // by))
    for row in range(height // by):
        for column in range(width // by):
            block = maps[:, by * row : by * row + by, by * column : by * column + by]
            means[:, row, column] = block.astype(np.float64).mean((1, 2))
    return means


@pytest.mark.parametrize(("method", "by"), [("gradient", 2), ("gradient-input", 4)])
def test_a_value_is_the_mean_of_its_block(make_store: Make, make_bundle: Make, method: str, by: int) -> None:
    store, model = make_store(24), Model.load(make_bundle(), "cpu")
    path = annotate(store, model, saliency=True, saliency_method=method, saliency_scale=by).path  # type: ignore[arg-type]
    with Store(store) as opened, Annotations(path) as given:
        whole = model.saliency(opened.read(0, 24), method=method)  # type: ignore[arg-type]
        expected, stored = _block_means(whole, by), given.reduced_saliency(0, 24)
        assert given.saliency_reduced == by and given._file["saliency"].shape == stored.shape == (
            24,
            16 // by,
            40 // by,
        )
        np.testing.assert_allclose(stored, expected, atol=0.51 / 255 * expected.max())
        shown = given.saliency(5, 9)
        assert shown.shape == (4, 16, 40)
        np.testing.assert_array_equal(shown[:, 3, 7], stored[5:9, 3 // by, 7 // by])
        assert Outputs.held_by(given) == Outputs(Saliency(method, reduced=by))  # type: ignore[arg-type]
    assert annotate(store, model, saliency=True, saliency_method=method, saliency_scale=by).resumed == 24  # type: ignore[arg-type]
    assert annotate(store, model, saliency=True, saliency_method=method).resumed == 0  # type: ignore[arg-type]


def test_contributions_are_reduced_with_their_sign(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(12), Model.load(make_bundle(), "cpu")
    path = annotate(store, model, saliency=True, saliency_method="contributions-once", saliency_scale=2).path
    with Store(store) as opened, Annotations(path) as given:
        whole = model.contributions(opened.read(0, 12), steps=1, smooth=2.0)
        np.testing.assert_allclose(
            given.contributions(0, 12)[:, ::2, ::2], _block_means(whole, 2), atol=np.abs(whole).max() / 200
        )
        assert not np.any(given.reduced_saliency(0, 12) * given._scaled("against", 0, 12))


def test_maps_of_either_resolution_are_alike(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store, model = make_store(60), Model.load(make_bundle(), "cpu")
    found = list[NDArray[np.float32]]()
    for by in (1, 2):
        path = annotate(store, model, saliency=True, saliency_scale=by, out=tmp_path / f"{by}.h5").path
        found.append(np.asarray(build_gem(store, "4", annotations=path).masked_gem))
        assert saliency_samples(store, ["4"], 1, annotations=path)[0].saliency.shape == (16, 40)
    np.testing.assert_allclose(found[0], found[1], atol=0.1)  # images of 16 rows are all frame
    assert np.corrcoef(found[0].ravel(), found[1].ravel())[0, 1] > 0.99


def test_shards_are_joined_reduced(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(30), Model.load(make_bundle(), "cpu")
    annotate_shard(store, model, 1, 1, saliency=True, saliency_scale=2)
    with Annotations(join_shards(store, model).path) as given:
        assert given.saliency_reduced == 2 and given.reduced_saliency(0, 1).shape == (1, 8, 20)


@pytest.mark.parametrize(("scale", "told"), [(3, "16 and 40 pixels are not whole blocks of 3"), (0, "1 to 4")])
def test_other_scales_are_refused(make_store: Make, make_bundle: Make, tmp_path: Path, scale: int, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        annotate(make_store(6), Model.load(make_bundle()), saliency=True, saliency_scale=scale, out=tmp_path / "a.h5")
    assert not list(tmp_path.glob("a.*"))


def test_a_scale_without_maps_is_refused(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(6), Model.load(make_bundle(), "cpu")
    with pytest.raises(ConfigError, match="saliency=True"):
        annotate(store, model, saliency_scale=2)
    with pytest.raises(ConfigError, match="saliency=True"):
        annotate_shard(store, model, 1, 1, saliency_scale=2)


def test_a_file_that_says_nonsense_is_refused(make_store: Make, make_bundle: Make) -> None:
    path = annotate(make_store(6), Model.load(make_bundle()), saliency=True, saliency_scale=2).path
    for said in (0, -2, 2.5, 10**9, "2"):
        with h5py.File(path, "r+") as file:
            file["saliency"].attrs["reduced"] = said
        with Annotations(path) as given, pytest.raises(AnnotationsError, match="saliency: reduced must be a whole"):
            given.saliency(0, 1)


def test_the_option_implies_maps(make_store: Make, make_bundle: Make) -> None:
    store, bundle = make_store(6), make_bundle()
    done = CliRunner().invoke(app, [str(store), "--model", str(bundle), "--saliency-scale", "2"])
    assert done.exit_code == 0, done.output
    with Annotations(store.with_suffix(".annotations.h5")) as given:
        assert given.saliency_reduced == 2
