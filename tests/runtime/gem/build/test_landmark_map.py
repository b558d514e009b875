from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import LandmarkMap, Model, annotate, build_gem, build_gems, compare_gems, landmarks
from lsl_runtime.gem.build.landmark_map import ContributionSums, flipped, significant_cells
from lsl_runtime.gem.comparison.comparison import GemSide
from lsl_shared import Annotations, ConfigError, Store

Make = Callable[..., Path]


def test_p_is_that_of_all_signs() -> None:
    """Seven genes have 128 ways to turn their signs: the share of those that reach the true sum."""
    planes = np.random.default_rng(0).normal(0.3, 1, (7, 40))
    signs = np.array(list(product([-1, 1], repeat=7)))
    exact = (signs @ planes >= planes.sum(0) - 1e-9).mean(0)
    np.testing.assert_allclose(flipped(planes), exact, atol=0.03)
    assert flipped(np.ones((7, 1)))[0] == pytest.approx(2**-7, abs=0.004)
    assert flipped(-np.ones((7, 1)))[0] == 1


def test_chance_is_called_significant_as_rarely_as_told() -> None:
    """Contributions whose sign is chance in each gene, alike in neighbouring cells."""
    generator = np.random.default_rng(1)
    field = generator.normal(0, 1, (100, 12, 1)) + generator.normal(0, 1, (100, 12, 60))
    called = [significant_cells(flipped(planes, 499)[None]).any() for planes in field]
    assert np.mean(called) <= 0.12  # 0.05, and three standard deviations of 100 runs


def test_sums_over_parts_are_those_of_the_whole() -> None:
    generator = np.random.default_rng(2)
    maps, weights = generator.normal(0, 1, (6, 32, 80)).astype(np.float32), generator.uniform(0.2, 1, 6)
    genes, embryo = ["a", "b", "a", "c", "b", "d"], np.ones((32, 80), np.float32)
    whole, *parts = (ContributionSums((32, 80)) for _ in range(3))
    for place, (gene, one, weight) in enumerate(zip(genes, maps, weights, strict=True)):
        whole.add(gene, one, weight)
        parts[place // 3].add(gene, one, weight)
    parts[0] += parts[1]
    found, other = (sums.landmark_map(weights.sum(), embryo) for sums in (whole, parts[0]))
    np.testing.assert_allclose(found.mean, np.average(maps, axis=0, weights=weights), atol=1e-6)
    np.testing.assert_allclose(found.mean, other.mean, atol=1e-6)
    np.testing.assert_array_equal(found.p, other.p)
    assert found.p.shape == (16, 40) and sorted(whole.genes) == ["a", "b", "c", "d"]
    assert np.isnan(whole.landmark_map(1.0, np.zeros((32, 80))).p).all()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 60 embryos with stored contributions beside it."""
    from tests.support.bands import write_bundle, write_store

    folder = tmp_path_factory.mktemp("stored")
    bundle, store = write_bundle(folder / "model"), write_store(folder / "store.h5", 60)
    annotate(store, Model.load(bundle, "cpu"), saliency=True, saliency_method="contributions")
    return store


def test_it_is_the_mean_over_genes_of_what_the_model_says(stored: Path) -> None:
    gem = build_gem(stored, "4")
    model = Model.load(stored.parent / "model", "cpu")
    with Store(stored) as store, Annotations(stored.with_suffix(".annotations.h5")) as given:
        rows = np.flatnonzero(given.class_index("stage") == 0)
        signed = model.contributions(store.select(rows), np.zeros(len(rows), int), smooth=2.0)
        np.testing.assert_allclose(given.contributions(0, 60)[rows], signed, atol=1.01 * np.abs(signed).max() / 255)
        genes = [store.genes[row] or store.ids[row] for row in rows]
    mean = np.average(signed, axis=0, weights=[1 / genes.count(gene) for gene in genes])
    found = gem.landmark_map
    assert found is not None and gem.n_genes == len(set(genes))
    np.testing.assert_allclose(found.mean, mean, atol=0.01 * np.abs(mean).max())
    assert found.significant.any() and found.significant[:, 20:].sum() <= 0.1 * found.significant.sum()


def test_it_is_one_mask_for_all_images(stored: Path) -> None:
    gem, own = build_gem(stored, "4"), build_gem(stored, "4", mask="image")
    assert gem.landmark_map is not None and own.landmark_map is not None
    mask = gem.landmark_map.mask(gem.embryo)
    assert gem.masked_gem is not None and own.masked_gem is not None and gem.masked_band is not None
    np.testing.assert_allclose(gem.masked_gem, mask * gem.gem, atol=1e-6)
    assert (gem.mask, own.mask) == ("landmarks", "image") and abs(gem.masked_gem - own.masked_gem).max() > 1e-5
    assert "masked by the landmark map" in gem.selection and "masks by contributions" in own.selection
    assert all(sample.mask is not None and (sample.mask == mask).all() for sample in gem.samples)
    inside = gem.masked_band[0].mean() <= gem.masked_gem.mean() <= gem.masked_band[1].mean()
    assert inside


def test_the_mask_is_the_square_of_what_speaks_for_the_class() -> None:
    """A wide plateau above 0, another below, another half as high."""
    mean, embryo = np.zeros((60, 400), np.float32), np.ones((60, 400), np.float32)
    mean[:, :100], mean[:, 100:200], mean[:, 250:350] = 0.02, -0.02, 0.01
    mask = LandmarkMap(mean, np.ones((16, 107), np.float32)).mask(embryo)
    assert mask[30, 50] == pytest.approx(1, abs=0.01) and mask[30, 300] == pytest.approx(0.25, abs=0.01)
    assert mask[30, 150] == 0 and mask[30, 225] == 0 and mask.max() == 1


def test_stored_and_computed_ones_agree(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = build_gem(stored, "4", saliency_method="contributions-once", landmark_map=True).landmark_map
    monkeypatch.setattr(Model, "contributions", None)
    kept = build_gem(stored, "4").landmark_map
    assert kept is not None and computed is not None
    # The band model's gradient is linear in the pixels: one picture in the middle says as much as eight.
    np.testing.assert_allclose(kept.mean, computed.mean, atol=0.01 * np.abs(computed.mean).max())


def test_none_is_made_where_contributions_are_not_at_hand(make_store: Make, make_bundle: Make) -> None:
    store = make_store(60)
    annotate(store, Model.load(make_bundle(), "cpu"), saliency=True)
    usual, asked = build_gem(store, "4"), build_gem(store, "4", landmark_map=True)
    assert usual.landmark_map is None and usual.mask == "image"
    assert asked.landmark_map is not None and asked.mask == "landmarks"
    assert build_gem(store, "4", mask="landmarks", masked=True).landmark_map is not None
    gradient = build_gem(store, "4", landmark_map=True, saliency_method="gradient")
    assert gradient.mask == "image" and usual.masked_gem is not None and gradient.masked_gem is not None
    np.testing.assert_array_equal(gradient.masked_gem, usual.masked_gem)
    with pytest.raises(ConfigError, match="landmark map that is not made"):
        build_gem(store, "4", mask="landmarks", landmark_map=False)


def test_workers_make_the_same_bits(stored: Path) -> None:
    here, there = build_gems(stored, ["4", "9"]), build_gems(stored, ["4", "9"], workers=2)
    for one, other in zip(here, there, strict=True):
        assert one.landmark_map is not None and other.landmark_map is not None
        np.testing.assert_array_equal(one.landmark_map.mean, other.landmark_map.mean)
        np.testing.assert_array_equal(one.landmark_map.p, other.landmark_map.p)


def test_comparisons_keep_to_single_masks(stored: Path) -> None:
    found = compare_gems(stored, GemSide("4"), GemSide("9"), masked=True)
    assert np.nanmax(np.abs(found.difference)) > 0.01


def test_its_regions_are_the_landmarks(stored: Path) -> None:
    gem = build_gem(stored, "4")
    found = landmarks(gem)
    assert gem.landmark_map is not None
    p = gem.landmark_map.p[gem.landmark_map.significant]
    assert found and found[0].first < found[0].egg_length < found[0].last < 60
    assert 0 < found[0].p <= p.max() and found[0].mean > 0
    assert [one.number for one in found] == list(range(1, len(found) + 1))
