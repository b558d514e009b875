from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime.annotation.bulk import create_features, create_maps, rounded, write_chunks

FEATURES = np.random.default_rng(0).standard_normal((7, 5)).astype(np.float32) * np.float32(10)


def test_features_are_rounded_as_float16_rounds_them() -> None:
    halves = np.array([1 + 2**-11, 1 + 3 * 2**-11, -1 - 2**-11], np.float32)  # between two that float16 knows
    for values in (FEATURES, halves, np.array([0, -0.0, np.inf, -np.inf, 65504], np.float32)):
        found = rounded(values)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, values.astype(np.float16).astype(np.float32))


def test_what_float16_cannot_hold_is_rounded_as_well() -> None:
    large = rounded(np.array([1e9, 1e-9, np.nan], np.float32))
    np.testing.assert_allclose(large[:2], [1e9, 1e-9], rtol=2**-11)
    assert np.isnan(large[2])


def test_features_of_earlier_parts_stay_as_they_are() -> None:
    kept = FEATURES.astype(np.float16)
    np.testing.assert_array_equal(rounded(kept), kept)


@pytest.mark.parametrize("create", [create_features, create_maps])
def test_hdf5_reads_what_was_deflated_outside_it(create: object, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        values = FEATURES if create is create_features else (FEATURES > 0).astype(np.uint8)
        dataset = create(file, "x", (9, 5), 3)  # type: ignore[operator]
        write_chunks(dataset, values, 0)
        np.testing.assert_array_equal(dataset[:7], values)
        assert dataset.shuffle == (values.itemsize > 1)
        write_chunks(dataset, values[:3], 6)
        np.testing.assert_array_equal(dataset[6:], values[:3])
