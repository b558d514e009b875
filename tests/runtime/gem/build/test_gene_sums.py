from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime.gem.build.gene_sums import GeneSums

EMBRYO = np.ones((8, 24), bool)


def _plane(row: int, column: int, value: float = 1.0) -> NDArray[np.float32]:
    plane = np.zeros((8, 24), np.float32)
    plane[row, column] = value
    return plane


def test_mean_count_and_peak_by_hand() -> None:
    sums = GeneSums((8, 24))
    sums.add("eve", _plane(0, 0), EMBRYO)
    sums.add("hb", _plane(4, 12, 0.5), EMBRYO)
    sums.add("eve", _plane(7, 23, 0.4), EMBRYO)
    eve, hb = sums.genes(EMBRYO.astype(np.float32))
    assert (eve.gene, eve.n_images, eve.region) == ("eve", 2, "anterior-dorsal")
    assert eve.mean == pytest.approx(1.4 / 192 / 2) and eve.peak == pytest.approx(0.5)
    assert (hb.n_images, hb.region, hb.peak) == (1, "middle-central", 0.5)
    assert (hb.peak_egg_length, hb.peak_dorsoventral) == pytest.approx((100 * 12.5 / 24, 100 * 4.5 / 8))


def test_only_the_embryo_counts_for_the_mean() -> None:
    half = EMBRYO.copy()
    half[:, 12:] = False
    sums = GeneSums((8, 24))
    sums.add("eve", np.full((8, 24), 0.5, np.float32) * half, half)
    assert sums.genes(half.astype(np.float32))[0].mean == 0.5


def test_unstained_genes_have_no_region_and_empty_images_count() -> None:
    sums = GeneSums((8, 24))
    sums.add("eve", np.zeros((8, 24), np.float32), EMBRYO & False)
    one = sums.genes(EMBRYO.astype(np.float32))[0]
    assert (one.mean, one.peak, one.region, one.n_images) == (0, 0, "", 1)


def test_images_without_a_gene_are_left_out() -> None:
    sums = GeneSums((8, 24))
    sums.add("\0image", _plane(0, 0), EMBRYO)
    assert sums.genes(EMBRYO.astype(np.float32)) == ()


def test_parts_add_up() -> None:
    generator, whole = np.random.default_rng(0), GeneSums((8, 24))
    parts = [GeneSums((8, 24)) for _ in range(3)]
    for k in range(30):
        plane = generator.random((8, 24), dtype=np.float32)
        whole.add(f"gene{k % 7}", plane, EMBRYO)
        parts[k % 3].add(f"gene{k % 7}", plane, EMBRYO)
    full = EMBRYO.astype(np.float32)
    for joined in ((parts[0] + parts[1]) + parts[2], parts[2] + (parts[0] + parts[1])):
        for one, other in zip(joined.genes(full), whole.genes(full), strict=True):
            assert (one.gene, one.n_images, one.peak_egg_length) == (other.gene, other.n_images, other.peak_egg_length)
            assert (one.mean, one.peak) == pytest.approx((other.mean, other.peak), abs=1e-6)
