"""Stores that other programs wrote after design/files.md; the scripts that made them lie beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_shared import LabelSpace
from lsl_shared.files.store import Store

FOREIGN = Path(__file__).parent / "foreign"
STORES = sorted(path.name for path in FOREIGN.glob("*.h5"))


def test_six_programs() -> None:
    assert STORES == ["h5netcdf.h5", "h5wasm.h5", "hdf5r.h5", "netcdf4.h5", "pytables.h5", "rhdf5.h5"]


@pytest.mark.parametrize("name", STORES)
def test_what_the_program_meant(name: str) -> None:
    n, h, w, c = np.indices((6, 8, 10, 3))
    with Store(FOREIGN / name) as store:
        np.testing.assert_array_equal(store.read(0, 6), (64 * n + 9 * h + 5 * w + 3 * c) % 251)
        assert store.ids.tolist() == list("abcdef")
        assert store.genes.tolist() == ["eve", "eve", "ftz", "ftz", "hb", ""]
        assert list(store.tasks.values()) == [
            LabelSpace("stage_range", ("4-6", "7-8")),
            LabelSpace("stage", ("5", "7"), "stage_range", (0, 1)),
        ]
        assert store.labels("stage_range").tolist() == store.labels("stage").tolist() == [0, 1, -1, 0, 1, 0]
        assert len(store.fingerprint()) == 64
