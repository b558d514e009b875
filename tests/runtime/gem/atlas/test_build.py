from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lsl_runtime import Model, annotate, build_atlas, build_gems
from lsl_runtime.gem.build.bootstrap import area_mean
from lsl_shared import Annotations, ConfigError, GemError, Store, expression
from tests.support.bands import write_bundle


def rename(store: Path, genes: Mapping[Any, str]) -> None:
    """Gives images of a store other genes."""
    with h5py.File(store, "r+") as file:
        names = file["samples/gene"].asstr()[...]
        for row, gene in genes.items():
            names[row] = gene
        del file["samples/gene"]
        file["samples/gene"] = names.astype(object)


def test_the_mean_over_genes_is_the_genomewide_map(annotated: Path) -> None:
    with Store(annotated) as store:
        alone = np.flatnonzero(store.genes == "")
    rename(annotated, {row: f"alone{row}" for row in alone})
    atlas, passed = build_atlas(annotated, rows=8), list[int]()
    for mode, plane in (("mean", atlas.mean), ("fraction", atlas.share)):
        for gem in build_gems(annotated, atlas.stages, masked=False, mode=mode):  # type: ignore[arg-type]
            mean = np.nanmean(plane[atlas.stages.index(gem.stage)], axis=0)
            np.testing.assert_allclose(mean, area_mean(gem.gem, (8, 20)), atol=1e-6)
            assert (atlas.n_images[atlas.stages.index(gem.stage)] > 0).sum() == gem.n_genes
    again = build_atlas(annotated, ["9", "4"], rows=8, on_progress=passed.append)
    assert again.stages == ("4", "9") and sum(passed) == 60


def test_a_gene_against_a_loop(annotated: Path) -> None:
    atlas = build_atlas(annotated, rows=16)
    with Store(annotated) as store, Annotations(annotated.with_suffix(".annotations.h5")) as given:
        classes, names = given.class_index("stage"), np.array(given.tasks["stage"])
        pixels, genes = store.read(0, len(store)), store.genes
    for s, stage in enumerate(atlas.stages):
        rows = [row for row in range(60) if genes[row] == "gene003" and classes[row] >= 0]
        rows = [row for row in rows if names[classes[row]] == stage]
        g = atlas.genes.index("gene003")
        assert atlas.n_images[s, g] == len(rows)
        if not rows:
            assert np.isnan(atlas.mean[s, g]).all() and np.isnan(atlas.share[s, g]).all()
        else:
            mean = np.mean([expression(pixels[row]).density for row in rows], axis=0)
            np.testing.assert_allclose(atlas.mean[s, g], mean, atol=1e-6)


def test_stored_stain_is_taken_and_no_image_read(
    annotated: Path, originals: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept.h5"
    annotate(annotated, Model.load(originals(write_bundle), "cpu"), out=kept, expression=True)
    seen = build_atlas(annotated)
    monkeypatch.setattr(Store, "select", lambda *asked: pytest.fail("an image was read"))
    found = build_atlas(annotated, annotations=kept)
    np.testing.assert_array_equal(found.n_images, seen.n_images)
    np.testing.assert_allclose(found.mean, seen.mean, atol=1 / 500)
    assert found.embryo.tolist() == seen.embryo.tolist()


def test_places_by_hand(annotated: Path) -> None:
    atlas = build_atlas(annotated, rows=16)
    rows, columns = np.flatnonzero(atlas.inside.any(1)), np.flatnonzero(atlas.inside.any(0))
    length, height = columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0]
    np.testing.assert_allclose(atlas.egg_length, (np.arange(40) + 0.5 - columns[0]) * 100 / length, rtol=1e-5)
    first = atlas.spatial()[0]  # of the topmost row
    assert first[1] == pytest.approx(0.5 / height * 100 * height / length, rel=1e-5) and np.isnan(atlas.egg_um)
    assert atlas.cells(atlas.mean).shape == (len(atlas.stages) * int(atlas.inside.sum()), len(atlas.genes))


def test_pixel_sizes_give_micrometres(annotated: Path) -> None:
    plain = build_atlas(annotated, rows=8)
    with h5py.File(annotated, "r+") as file:
        sizes = np.full((60, 2), np.nan, np.float32)
        sizes[:30] = 4.0, 2.0  # height, width
        file["samples/pixel_size"] = sizes
    sized = build_atlas(annotated, rows=8)
    assert sized.aspect == pytest.approx(2 * plain.aspect)
    assert sized.egg_um / 2 == pytest.approx(round(sized.egg_um / 2)) and 20 < sized.egg_um / 2 <= 40


def test_genes_without_a_name_and_in_another_case(annotated: Path) -> None:
    before = build_atlas(annotated, rows=4).n_without_gene
    with Annotations(annotated.with_suffix(".annotations.h5")) as given, Store(annotated) as store:
        first, second, third, *_ = np.flatnonzero((given.class_index("stage") >= 0) & (store.genes != ""))
    rename(annotated, {first: "", second: "Dl", third: "dl"})
    atlas = build_atlas(annotated, rows=4)
    assert {"Dl", "dl"} <= set(atlas.genes) and "" not in atlas.genes and atlas.n_without_gene == before + 1


def test_nothing_to_list(annotated: Path) -> None:
    with pytest.raises(ConfigError, match="rows of the grid must be at least 1, received 0"):
        build_atlas(annotated, rows=0)
    with pytest.raises(GemError, match="no class '99'"):
        build_atlas(annotated, ["99"])
    rename(annotated, dict.fromkeys(range(60), ""))
    with pytest.raises(GemError, match="none of the chosen images has a gene"):
        build_atlas(annotated)
