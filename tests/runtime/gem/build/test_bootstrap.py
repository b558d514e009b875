from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime.gem.build.bootstrap import REPLICATES, Replicates, area_mean, gene_counts, grid_shape


def test_counts_are_the_quantiles_of_a_hash() -> None:
    digest = hashlib.shake_256(b"lsl bootstrap\neve").digest(4 * REPLICATES)
    words = [int.from_bytes(digest[at : at + 4], "little") / 2**32 for at in range(0, len(digest), 4)]
    # The cumulative Poisson(1) distribution, by hand: e^-1 · (1, 2, 2.5, 2.667, …)
    expected = [sum(word >= step for step in (0.36788, 0.73576, 0.91970, 0.98101, 0.99634, 0.99941)) for word in words]
    assert gene_counts("eve").tolist() == expected
    assert gene_counts("eve", 50).tolist() == expected[:50]


def test_counts_are_poisson_over_genes_and_replicates() -> None:
    counts = np.stack([gene_counts(f"gene {k}") for k in range(500)])  # (500, B)
    assert counts.mean() == pytest.approx(1, abs=0.02) and counts.var() == pytest.approx(1, abs=0.03)
    off_diagonal = np.asarray(np.corrcoef(counts))[np.triu_indices(500, 1)]
    assert abs(off_diagonal.mean()) < 0.003 and off_diagonal.std() == pytest.approx(REPLICATES**-0.5, rel=0.05)


def test_odd_names_have_counts() -> None:
    assert len({gene_counts(name).tobytes() for name in ("", "\0a", "a", "α", "\udcff")}) == 5


def test_area_mean_is_the_mean_of_blocks() -> None:
    plane = np.random.default_rng(0).random((128, 320), dtype=np.float32)
    blocks = plane.reshape(32, 4, 80, 4).mean((1, 3))
    np.testing.assert_allclose(area_mean(plane, (32, 80)), blocks, atol=1e-6)
    np.testing.assert_allclose(area_mean(np.stack([plane, 2 * plane]), (32, 80))[1], 2 * blocks, atol=1e-6)


def test_area_mean_shares_pixels_between_cells() -> None:
    plane = np.random.default_rng(1).random((50, 33), dtype=np.float32)
    found = area_mean(plane, (16, 10))
    np.testing.assert_allclose(found, cv2.resize(plane, (10, 16), interpolation=cv2.INTER_AREA), atol=1e-5)
    np.testing.assert_allclose(area_mean(plane[None], (16, 10))[0], found, atol=1e-6)  # by weights of pixels
    assert found.mean() == pytest.approx(plane.mean(), abs=1e-6)


@pytest.mark.parametrize(
    ("shape", "rows", "grid"),
    [((128, 320), 32, (32, 80)), ((128, 320), 16, (16, 40)), ((16, 40), 32, (16, 40)), ((64, 64), 16, (16, 16)),
     ((500, 3), 16, (16, 1)), ((1, 7), 16, (1, 7))],
)  # fmt: skip
def test_grid(shape: tuple[int, int], rows: int, grid: tuple[int, int]) -> None:
    assert grid_shape(shape, rows) == grid


def _images(count: int, seed: int = 0) -> list[tuple[NDArray[np.float32], float, NDArray[np.float32]]]:
    generator = np.random.default_rng(seed)
    return [
        (generator.random((3, 5), dtype=np.float32), float(generator.random()), gene_counts(f"gene {k // 3}"))
        for k in range(count)
    ]


def test_sums_by_loop() -> None:
    images, found = _images(75), Replicates((3, 5))
    for image in images:
        found.add(*image)
    value = np.sum([counts[:, None, None] * weight * plane.astype(np.float64) for plane, weight, counts in images], 0)
    weight = np.sum([weight * counts for _, weight, counts in images], 0)
    np.testing.assert_allclose(found.means(), value / weight[:, None, None], atol=1e-6)
    band = np.percentile(value / weight[:, None, None], [2.5, 97.5], axis=0)
    np.testing.assert_allclose(found.band(), band, atol=1e-6)


def test_parts_add_up_in_any_order() -> None:
    images, whole = _images(90), Replicates((3, 5))
    parts = [Replicates((3, 5)) for _ in range(3)]
    for place, image in enumerate(images):
        whole.add(*image)
        parts[place % 3].add(*image)
    for order in ((0, 1, 2), (2, 0, 1)):
        one, two, three = (parts[place] for place in order)
        for joined in ((one + two) + three, one + (two + three)):
            np.testing.assert_allclose(joined.sums(), whole.sums(), rtol=1e-5)
            np.testing.assert_allclose(joined.weight, whole.weight)


def test_band_is_as_wide_as_the_mean_of_genes_is_uncertain() -> None:
    values = np.random.default_rng(2).normal(0.5, 0.1, 400)
    found = Replicates((1, 1), 2000)
    for k, value in enumerate(values):
        found.add(np.full((1, 1), value, np.float32), 1.0, gene_counts(f"gene {k}", 2000))
    low, high = found.band().ravel()
    assert (high - low) / 2 == pytest.approx(1.96 * 0.1 / 20, rel=0.1)
    assert (high + low) / 2 == pytest.approx(values.mean(), abs=0.001)


def test_replicates_without_a_gene_take_no_part() -> None:
    found = Replicates((1, 2))
    found.add(np.array([[0.25, 0.5]], np.float32), 1.0, gene_counts("eve"))
    assert (found.weight == 0).sum() > 20 and np.isnan(found.means()[found.weight == 0]).all()
    np.testing.assert_array_equal(found.band(), [[[0.25, 0.5]], [[0.25, 0.5]]])
