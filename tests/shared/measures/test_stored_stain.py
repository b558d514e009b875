from __future__ import annotations

import numpy as np

from lsl_shared import Expression
from lsl_shared.measures.stored_stain import from_bytes, to_bytes


def test_density_and_embryo_come_back() -> None:
    mask = np.ones((40, 50), bool)
    mask[:, :9] = False
    density = np.linspace(0, 1, 2000, dtype=np.float32).reshape(40, 50) * mask
    found = from_bytes(to_bytes(Expression(density, mask)))
    np.testing.assert_array_equal(found.mask, mask)
    assert (found.density.dtype.name, found.mask.dtype.name) == ("float32", "bool")
    assert np.abs(found.density - density).max() <= 1 / 508 + 1e-6


def test_a_picture_without_an_embryo_stays_empty() -> None:
    kept = to_bytes(Expression(np.zeros((4, 5), np.float32), np.zeros((4, 5), bool)))
    assert not kept.any()
    assert not from_bytes(kept).mask.any()


def test_fleeting_ones_are_the_same_until_the_next() -> None:
    kept = np.random.default_rng(0).integers(0, 256, (2, 16, 40), dtype=np.uint8)
    whole = from_bytes(kept[0])
    fleeting = from_bytes(kept[0], fleeting=True)
    np.testing.assert_array_equal(fleeting.density, whole.density)
    np.testing.assert_array_equal(fleeting.mask, whole.mask)
    assert from_bytes(kept[1], fleeting=True).density is fleeting.density
