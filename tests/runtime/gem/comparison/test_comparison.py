from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime import Model, annotate, build_gem
from lsl_runtime.gem.build.bootstrap import gene_counts
from lsl_runtime.gem.build.measured import Measured
from lsl_runtime.gem.build.selection import Choice
from lsl_runtime.gem.build.settings import MapSettings
from lsl_runtime.gem.build.sums import Sums
from lsl_runtime.gem.comparison.comparison import GemSide, compare_gems, compare_sums
from lsl_shared import AnnotationsError, ConfigError, GemError, Store

Make = Callable[..., Path]
Planes = list[tuple[str, NDArray[np.float32]]]
UNMASKED = MapSettings(masked=False)


@pytest.fixture
def store(make_store: Make, make_bundle: Make) -> Path:
    path = make_store(300, chunk=30)
    annotate(path, Model.load(make_bundle()), saliency=True)
    return path


def _sums(planes: Planes) -> Sums:
    """Sums of one image a gene, in which the embryo fills the picture."""
    shape = planes[0][1].shape
    choice = Choice("x", np.arange(len(planes)), np.ones(len(planes)), len(planes), np.array([], int))
    sums = Sums(choice, shape)
    for row, (gene, plane) in enumerate(planes):
        pixels, embryo = np.zeros((*shape, 3), np.uint8), np.ones(shape, bool)
        sums.add(Measured(row, gene, pixels, plane, plane, embryo, None), 1.0)
    return sums


def test_difference_error_and_p_by_loop() -> None:
    generator = np.random.default_rng(0)
    first, second = (
        [(f"gene{k}", generator.gamma(1, 0.1, (16, 40)).astype(np.float32)) for k in genes]
        for genes in (range(30), range(15, 37))
    )
    found = compare_sums(("a", "b"), _sums(first), _sums(second), UNMASKED, 0.05)

    def mean(planes: Planes, replicate: int | None) -> NDArray[np.float64]:
        counts = [1.0 if replicate is None else gene_counts(gene)[replicate] for gene, _ in planes]
        return np.average([plane for _, plane in planes], axis=0, weights=counts)

    difference = mean(first, None) - mean(second, None)
    replicates = [mean(first, r) - mean(second, r) for r in range(200)]
    error = np.std(replicates, axis=0, ddof=1) * np.sqrt(22 / 21)
    np.testing.assert_allclose(found.difference, difference, atol=1e-6)
    np.testing.assert_allclose(found.t, difference / np.maximum(error, np.median(error)), rtol=1e-3, atol=1e-4)
    assert (found.freedom, found.n_genes, found.n_images) == (21, (30, 22), (30, 22))


def test_shared_genes_make_a_constant_difference_certain() -> None:
    """The same genes on both maps, one brighter by a constant: the difference has almost no error."""
    generator = np.random.default_rng(1)
    planes: Planes = [(f"gene{k}", generator.random((16, 40), dtype=np.float32) * np.float32(0.5)) for k in range(20)]
    brighter: Planes = [
        (gene, plane + generator.normal(0.02, 1e-3, plane.shape).astype(np.float32)) for gene, plane in planes
    ]
    strangers = [(f"other{gene}", plane) for gene, plane in brighter]
    assert compare_sums(("a", "b"), _sums(brighter), _sums(planes), UNMASKED, 0.05).significant.all()
    assert not compare_sums(("a", "b"), _sums(strangers), _sums(planes), UNMASKED, 0.05).significant.any()


def test_halves_of_the_genes_seldom_differ() -> None:
    """Sparse, skewed expression, 24 genes: the null hypothesis holds."""
    generator, discovered = np.random.default_rng(2), 0
    genes: Planes = []
    for k in range(24):
        plane = np.zeros((16, 40), np.float32)
        y, x, height, width = map(int, generator.integers(0, [12, 32, 5, 12]))
        plane[y : y + height, x : x + width] = generator.gamma(2, 0.15)
        genes.append((f"gene{k}", plane))
    for _ in range(60):
        order = generator.permutation(24)
        halves = [_sums([genes[k] for k in part]) for part in (order[:12], order[12:])]
        discovered += int(compare_sums(("a", "b"), halves[0], halves[1], UNMASKED, 0.05).significant.any())
    assert discovered <= 3


def test_two_stages_differ_where_they_are_stained(store: Path) -> None:
    found = compare_gems(store, GemSide("4"), GemSide("9"))
    first, second = build_gem(store, "4", masked=False), build_gem(store, "9", masked=False)
    np.testing.assert_allclose(found.difference, first.gem - second.gem, atol=1e-6)
    assert found.significant[6:10, 4:9].all() and found.significant[6:10, 32:36].all()
    assert (found.difference[6:10, 4:9] > 0).all() and (found.difference[6:10, 32:36] < 0).all()
    assert found.significant[:, 14:26].mean() < 0.3
    assert np.isnan(found.t[0, 0]) and np.isnan(found.p[0, 0]) and not found.significant[0, 0]
    assert found.names == ("4", "9") and found.n_genes == (first.n_genes, second.n_genes)


def test_masked_maps_and_modes(store: Path) -> None:
    first, second = (build_gem(store, stage, mode="fraction") for stage in ("4", "9"))
    found = compare_gems(store, GemSide("4"), GemSide("9"), masked=True, mode="fraction")
    assert first.masked_gem is not None and second.masked_gem is not None
    np.testing.assert_allclose(found.difference, first.masked_gem - second.masked_gem, atol=1e-6)


def test_map_with_itself_and_lists_of_genes(store: Path) -> None:
    same = compare_gems(store, GemSide("4"), GemSide("4", label="again"))
    assert not same.difference.any() and not same.significant.any() and same.names == ("4", "again")
    with Store(store) as opened:
        genes = sorted(set(opened.genes) - {""})
    halves = compare_gems(store, GemSide("4", genes[:50]), GemSide("4", genes[50:]))
    assert min(halves.n_genes) > 5 and sum(halves.n_genes) < same.n_genes[0]
    assert halves.significant.mean() < 0.05


def test_two_models(store: Path, make_bundle: Make, tmp_path: Path) -> None:
    other = annotate(store, Model.load(make_bundle(tmp_path / "other", gain=4.0)), out=tmp_path / "other.h5").path
    found = compare_gems(store, GemSide("4"), GemSide("4", annotations=other, label="other"))
    assert found.names == ("4", "other") and np.abs(found.difference).max() < 0.05


def test_progress_passes_the_store_twice(store: Path) -> None:
    passed: list[int] = []
    compare_gems(store, GemSide("4"), GemSide("9"), on_progress=passed.append)
    assert sum(passed) == 600


def test_bad_requests(store: Path, make_store: Make, tmp_path: Path) -> None:
    gene = next(one.gene for one in build_gem(store, "4", masked=False).samples if one.gene)
    with pytest.raises(GemError, match="images of one gene only; a comparison needs two or more"):
        compare_gems(store, GemSide("4", [gene]), GemSide("9"))
    with pytest.raises(GemError, match="no class '12'"):
        compare_gems(store, GemSide("4"), GemSide("12"))
    with pytest.raises(ConfigError, match="false discovery rate lies between 0 and 1, received 0"):
        compare_gems(store, GemSide("4"), GemSide("9"), rate=0)
    with pytest.raises(ConfigError, match="mode must be one of"):
        compare_gems(store, GemSide("4"), GemSide("9"), mode="median")  # type: ignore[arg-type]
    with pytest.raises(AnnotationsError, match="no such file"):
        compare_gems(make_store(20, path=tmp_path / "bare.h5"), GemSide("4"), GemSide("9"))
