from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime.gem.comparison.comparison import GemComparison
from lsl_runtime.gem.comparison.file import comparison_path, read_comparison, write_comparison
from lsl_shared import GemError


@pytest.fixture
def found() -> GemComparison:
    plane = np.random.default_rng(0).random((16, 40), dtype=np.float32)
    t = np.where(plane > 0.2, plane, np.nan).astype(np.float32)
    return GemComparison(
        ("4", "α/β"), plane, t, t.astype(float), plane > 0.9, plane, (5, 6), (3, 4), 0.05, 2, "mean", True, "f1"
    )


def test_what_is_written_is_read_back(found: GemComparison, tmp_path: Path) -> None:
    path = comparison_path(tmp_path / "s.gems", found.names)
    write_comparison(path, found)
    again = read_comparison(path)
    for field in fields(GemComparison):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(found, field.name))
    assert again.significant.dtype == bool and again.masked is True and again.mode == "mean"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_names_are_safe_and_tell_sides_apart() -> None:
    names = [("4", "9"), ("9", "4"), ("../x", "9"), ("a" * 300, "9")]
    paths = {comparison_path("maps", pair) for pair in names}
    assert len(paths) == 4 and all(path.parent == Path("maps") and len(path.name) < 200 for path in paths)


def test_damage_and_strangers_are_named(found: GemComparison, tmp_path: Path) -> None:
    path = tmp_path / "c.h5"
    write_comparison(path, found)
    with h5py.File(path, "r+") as file:
        del file["t"]
    with pytest.raises(GemError, match=r"c\.h5: t: expected a dataset"):
        read_comparison(path)
    write_comparison(path, found)
    with h5py.File(path, "r+") as file:
        del file.attrs["rate"]
    with pytest.raises(GemError, match="damaged"):
        read_comparison(path)
    path.write_text("text")
    with pytest.raises(GemError, match="is not an HDF5 file"):
        read_comparison(path)
