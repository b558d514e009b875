from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime import Gem, Model, annotate, build_gem, build_gems
from lsl_runtime.gem.build.settings import Mode
from lsl_shared import Annotations, AnnotationsError, ConfigError, GemError, Store, StoreWriter, expression
from tests.support.bands import BandModel

Make = Callable[..., Path]


def _mask(saliency: NDArray[np.floating], embryo: NDArray[np.bool_]) -> NDArray[np.float64]:
    kernel = np.exp(-0.5 * (np.arange(-16, 17) / 4.0) ** 2)
    kernel /= kernel.sum()
    smooth = np.pad(saliency.astype(np.float64), ((16, 16), (16, 16)), mode="reflect")
    for axis in (0, 1):
        smooth = np.apply_along_axis(np.convolve, axis, smooth, kernel, "valid")
    return np.minimum(smooth / np.percentile(smooth[embryo], 99), 1)


def _definition(
    store: Path,
    annotations: Path,
    stage: str,
    maps: NDArray[np.floating],
    fraction: bool,
    keep: Callable[[str, float], bool] = lambda gene, probability: True,
    by_probability: bool = False,
) -> list[NDArray[np.float64]]:
    """GEM and masked GEM by the formula, image after image."""
    with Store(store) as opened, Annotations(annotations) as given:
        probability = given.probability("stage").tolist()
        rows = np.flatnonzero(given.class_index("stage") == given.tasks["stage"].index(stage)).tolist()
        chosen = [row for row in rows if opened.views[row] in ("lateral", "")]
        chosen = [row for row in chosen if keep(opened.genes[row], probability[row])]
        names = [opened.genes[row] or opened.ids[row] for row in chosen]
        images = opened.read(0, len(opened))
    above, masked, below = np.zeros(images.shape[1:3]), np.zeros(images.shape[1:3]), 0.0
    for row, name in zip(chosen, names, strict=True):
        found, weight = expression(images[row]), (probability[row] if by_probability else 1) / names.count(name)
        value = (found.density > 0.2) * 1.0 if fraction else found.density
        above += weight * value
        masked += weight * _mask(maps[row], found.mask) * value
        below += weight
    return [above / below, masked / below]


def _gradients(store: Path, network: BandModel) -> NDArray[np.float64]:
    with Store(store) as opened:
        images = opened.read(0, len(opened))
    return network.saliency(images, network.logits(images).argmax(1))


@pytest.mark.parametrize("mode", ["mean", "fraction"])
@pytest.mark.parametrize("chunk", [7, 100])
def test_maps_computed_on_the_way_equal_the_definition(
    make_store: Make, make_bundle: Make, truth: type[BandModel], mode: Mode, chunk: int
) -> None:
    store, model = make_store(300, chunk=chunk, views=("lateral", "", "dorsal")), Model.load(make_bundle())
    path = annotate(store, model).path
    found = build_gem(store, "7", model=model, mode=mode)
    gem, masked = _definition(store, path, "7", _gradients(store, truth()), mode == "fraction")
    assert found.masked_gem is not None and found.gem.max() > 0.2
    np.testing.assert_allclose(found.gem, gem, atol=1e-6)
    np.testing.assert_allclose(found.masked_gem, masked, atol=1e-6)
    assert found.gem.dtype == found.masked_gem.dtype == np.float32
    assert (found.masked_gem <= found.gem).all() and found.gem.max() <= 1


def test_stored_maps_equal_the_definition_from_the_same_maps(make_store: Make, make_bundle: Make) -> None:
    store = make_store(300, chunk=30)
    path = annotate(store, Model.load(make_bundle()), saliency=True).path
    with Annotations(path) as given:
        maps = given.saliency(0, 300)
    for stage in ("4", "9"):
        found = build_gem(store, stage)
        gem, masked = _definition(store, path, stage, maps, False)
        np.testing.assert_allclose(found.gem, gem, atol=1e-6)
        assert found.masked_gem is not None
        np.testing.assert_allclose(found.masked_gem, masked, atol=1e-6)


def test_genes_weights_and_floor_equal_the_definition(make_store: Make, make_bundle: Make) -> None:
    store = make_store(300, chunk=30)
    path = annotate(store, Model.load(make_bundle()), saliency=True).path
    with Annotations(path) as given, Store(store) as opened:
        maps, floor = given.saliency(0, 300), float(np.nanmedian(given.probability("stage")))
        genes = sorted(set(opened.genes) - {""})
    listed, left_out = set(genes[:80]), set(genes[5:20])
    found = build_gem(store, "9", genes=listed, exclude=left_out, weights="probability", floor=floor, mode="fraction")

    def keep(gene: str, probability: float) -> bool:
        return gene in listed and gene not in left_out and probability >= floor

    gem, masked = _definition(store, path, "9", maps, True, keep, by_probability=True)
    np.testing.assert_allclose(found.gem, gem, atol=1e-6)
    assert found.masked_gem is not None and 2 < found.n_genes < build_gem(store, "9", masked=False).n_genes
    np.testing.assert_allclose(found.masked_gem, masked, atol=1e-6)
    assert found.selection.startswith("weighted by probability, probability at least 0.")


def test_band_holds_the_map_and_narrows_with_genes(make_store: Make, make_bundle: Make) -> None:
    store = make_store(300, chunk=30)
    annotate(store, Model.load(make_bundle()), saliency=True)
    whole = build_gem(store, "9")
    with Store(store) as opened:
        few = build_gem(store, "9", genes=sorted(set(opened.genes) - {""})[:30])
    for gem in (whole, few):
        for plane, band in ((gem.gem, gem.band), (gem.masked_gem, gem.masked_band)):
            assert band is not None and plane is not None and band.shape == (2, 16, 40)
            assert ((band[0] <= plane + 1e-6) & (plane <= band[1] + 1e-6)).mean() > 0.97
    assert whole.band is not None and few.band is not None and few.n_genes < whole.n_genes / 2
    assert np.ptp(few.band, axis=0).mean() > 1.4 * np.ptp(whole.band, axis=0).mean()


def test_one_gene_has_a_map_and_no_band(annotated: Path) -> None:
    first = next(one.gene for one in build_gem(annotated, "9", masked=False).samples if one.gene)
    found = build_gem(annotated, "9", genes=[first])
    assert found.n_genes == 1 and found.band is None and found.masked_band is None and found.gem.max() > 0


def test_genes_are_told_on_request(annotated: Path) -> None:
    found = build_gem(annotated, "9", masked=False, per_gene=True)
    with Store(annotated) as opened:
        rows = [row for row in range(60) if opened.genes[row] == found.genes[0].gene]
        with Annotations(annotated.with_suffix(".annotations.h5")) as given:
            rows = [row for row in rows if given.class_index("stage")[row] == 3]
        seen = [expression(image) for image in opened.select(np.array(rows))]
    assert found.genes[0].n_images == len(rows)
    assert found.genes[0].mean == pytest.approx(np.mean([one.density[one.mask].mean() for one in seen]), abs=1e-6)
    assert found.genes[0].region.startswith("posterior")
    assert build_gem(annotated, "9", masked=False).genes == ()


def test_several_stages_in_one_pass_equal_each_alone(make_store: Make, make_bundle: Make) -> None:
    store = make_store(300, chunk=30)
    annotate(store, Model.load(make_bundle()), saliency=True)
    together = build_gems(store, ["9", "4", "9", "5"])
    assert [gem.stage for gem in together] == ["9", "4", "5"]
    for gem in together:
        alone = build_gem(store, gem.stage)
        np.testing.assert_array_equal(gem.gem, alone.gem)
        assert gem.masked_gem is not None and alone.masked_gem is not None
        # Convolutions over batches of other sizes may round differently.
        np.testing.assert_allclose(gem.masked_gem, alone.masked_gem, atol=1e-7)


def test_counts_and_origin(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    path = annotate(store, model).path
    found = build_gem(store, "4", masked=False)
    with Store(store) as opened, Annotations(path) as given:
        rows = np.flatnonzero(given.class_index("stage") == 0)
        assert found.n_images == len(rows)
        assert found.n_genes == len({opened.genes[row] or opened.ids[row] for row in rows})
        assert (found.store_fingerprint, found.model_digest) == (opened.fingerprint(), model.digest)
        best = max(rows.tolist(), key=lambda row: float(given.probability("stage")[row]))
        assert found.samples[0].id == opened.ids[best]
        np.testing.assert_array_equal(found.samples[0].image, opened.read(best, best + 1)[0])
    assert found.masked_gem is None and found.samples[0].mask is None
    assert (found.task, found.mode, found.view, found.n_empty) == ("stage", "mean", "", 0)
    assert len({sample.gene or sample.id for sample in found.samples}) == 5
    assert 0.9 < found.embryo.max() <= 1 and found.embryo[0, 0] == 0


def test_each_gene_counts_once(make_bundle: Make, tmp_path: Path) -> None:
    """Nine stained images of one gene and one unstained image of another give half the stain."""
    y, x = np.mgrid[:16, :40]
    inside = ((y - 7.5) / 7) ** 2 + ((x - 19.5) / 18) ** 2 < 1
    pale = np.where(inside[..., None], np.uint8(205), np.uint8(255)) * np.ones(3, np.uint8)
    dark = pale.copy()
    dark[inside & (x < 10)] = (90, 80, 140)
    with StoreWriter(tmp_path / "store.h5", 16, 40) as writer:
        for row in range(9):
            writer.append(dark, id=f"dark{row}", gene="one")
        writer.append(pale, id="pale", gene="two")
    annotate(tmp_path / "store.h5", Model.load(make_bundle(classes=("4",), parent="")))
    found = build_gem(tmp_path / "store.h5", "4")
    np.testing.assert_allclose(found.gem, (expression(dark).density + expression(pale).density) / 2, atol=1e-6)
    assert (found.n_images, found.n_genes) == (10, 2)


def test_images_without_an_embryo_count_as_unstained(make_bundle: Make, tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "store.h5", 16, 40) as writer:
        for row in range(3):
            writer.append(np.full((16, 40, 3), 255, np.uint8), id=f"empty{row}")
    annotate(tmp_path / "store.h5", Model.load(make_bundle(classes=("4",), parent="")), saliency=True)
    found = build_gem(tmp_path / "store.h5", "4")
    assert found.n_empty == 3 and not found.gem.any()
    assert found.masked_gem is not None and not found.masked_gem.any()


def test_views(make_store: Make, make_bundle: Make) -> None:
    store = make_store(120, views=("lateral", "", "dorsal"))
    annotate(store, Model.load(make_bundle()))
    counts = {
        view: build_gem(store, "4", masked=False, view=view).n_images for view in (None, "all", "lateral", "dorsal")
    }
    assert counts["all"] == counts[None] + counts["dorsal"]
    assert 0 < counts["lateral"] < counts[None]
    with pytest.raises(GemError, match=r"none of them the view 'ventral'. Views: dorsal, lateral, unknown; see --view"):
        build_gem(store, "4", masked=False, view="ventral")


def test_nothing_is_written_and_progress_covers_the_store(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store, passed = make_store(300, chunk=30), list[int]()
    annotate(store, Model.load(make_bundle()))
    before = {path: hashlib.sha256(path.read_bytes()).digest() for path in tmp_path.rglob("*") if path.is_file()}
    build_gem(store, "9", on_progress=passed.append)
    assert sum(passed) == 300 and min(passed) >= 0
    assert {
        path: hashlib.sha256(path.read_bytes()).digest() for path in tmp_path.rglob("*") if path.is_file()
    } == before


def test_unknown_stage_lists_the_classes(annotated: Path) -> None:
    with pytest.raises(GemError, match=r"no class '12'. Classes of the model are stage: 4, 5, 7, 9"):
        build_gems(annotated, ["4", "12"])


def test_stage_that_no_image_was_given(make_store: Make, make_bundle: Make) -> None:
    store = make_store(60)
    annotate(store, Model.load(make_bundle(classes=("4", "5", "7", "9", "x"), parent_index=(1, 1, 2, 3, 3), gain=0.0)))
    with pytest.raises(GemError, match="the model gave no image the class 'x'"):
        build_gem(store, "x")


def test_store_without_annotations_says_what_makes_them(make_store: Make) -> None:
    with pytest.raises(AnnotationsError, match=r"store\.annotations\.h5: no such file. `lsl-annotate STORE`"):
        build_gem(make_store(20), "4")


def test_annotations_of_another_store_are_refused(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    path = annotate(make_store(60), Model.load(make_bundle())).path
    other = make_store(60, path=tmp_path / "other.h5", seed=3)
    with pytest.raises(AnnotationsError, match="belongs to another store than"):
        build_gem(other, "4", annotations=path)


def test_unknown_mode_is_named(make_store: Make) -> None:
    with pytest.raises(ConfigError, match="mode must be one of mean, fraction, received 'median'"):
        build_gem(make_store(20), "4", mode="median")  # type: ignore[arg-type]


def test_gem_prints_short(annotated: Path) -> None:
    assert isinstance(found := build_gem(annotated, "4"), Gem) and "GemSample" not in repr(found)


def test_stored_stain_gives_the_same_maps_without_the_images(
    make_store: Make, make_bundle: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, model, whole = make_store(120, chunk=10), Model.load(make_bundle()), Store.select
    read: list[int] = []

    def select(self: Store, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        read.extend(rows.tolist())
        return whole(self, rows)

    monkeypatch.setattr(Store, "select", select)
    plain = annotate(store, model, saliency=True, out=tmp_path / "plain.h5").path
    stored = annotate(store, model, saliency=True, expression=True, out=tmp_path / "stored.h5").path
    modes: tuple[Mode, ...] = ("mean", "fraction")
    for mode in modes:
        expected = build_gem(store, "9", annotations=plain, mode=mode)
        read.clear()
        found = build_gem(store, "9", annotations=stored, mode=mode)
        assert len(read) == len(found.samples) < found.n_images
        np.testing.assert_array_equal(found.embryo, expected.embryo)
        for sample, other in zip(found.samples, expected.samples, strict=True):
            np.testing.assert_array_equal(sample.image, other.image)
        if mode == "mean":
            assert found.masked_gem is not None and expected.masked_gem is not None
            np.testing.assert_allclose(found.gem, expected.gem, atol=1 / 508 + 1e-6)
            np.testing.assert_allclose(found.masked_gem, expected.masked_gem, atol=1 / 508 + 1e-6)
