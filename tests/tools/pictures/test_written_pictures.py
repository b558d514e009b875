"""A small share of the pictures that `tools/bench/pictures.py` imports."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from picture_grid.compare import compare

SHARES = {"tifffile": 30, "opencv": 15, "pillow": 25, "libvips": 60, "hand": 1}


@pytest.mark.filterwarnings("ignore")  # Pillow warns of combinations that it writes otherwise
@pytest.mark.parametrize("writer", SHARES)
def test_what_is_stored_is_what_was_written(writer: str, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    try:
        tally = compare(writer, tmp_path / "pictures", SHARES[writer])
    except ImportError as problem:
        pytest.skip(f"{problem.name} is not installed")
    assert tally.wrong == []
    assert tally.equal > 30
    assert sum(tally.refused.values()) < tally.equal


@pytest.mark.parametrize("writer", ["hand", "opencv", "pillow", "tifffile"])
def test_without_tifffile_pictures_are_right_or_refused(
    writer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pictures").mkdir()
    pytest.importorskip("imagecodecs")
    ways = pytest.importorskip("picture_grid").ways_of(writer)  # the writer itself stays
    next(ways)
    monkeypatch.setitem(sys.modules, "tifffile", None)
    tally = compare(writer, tmp_path / "pictures", 2 * SHARES[writer])
    assert tally.wrong == []
    assert tally.equal > 10
