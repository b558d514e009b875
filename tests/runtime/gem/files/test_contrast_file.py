from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime import build_contrast, draw_contrast, read_contrast, write_contrast
from lsl_runtime.gem.files.contrast_file import contrast_path
from lsl_shared import GemError


def test_what_is_written_is_read_and_drawn(annotated: Path, tmp_path: Path) -> None:
    found, path = build_contrast(annotated, "4", "9"), tmp_path / "why.h5"
    write_contrast(path, found)
    again = read_contrast(path)
    for name in ("mean", "p_for", "p_against", "embryo", "cells_for"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
    assert (again.stage, again.n_genes, again.model_digest) == ("4", found.n_genes, found.model_digest)
    draw_contrast(found, tmp_path / "why.png")
    draw_contrast(again, tmp_path / "bare.svg")  # without samples
    assert (tmp_path / "why.png").stat().st_size > 20_000 and "Why stage 4 and not 9" in (
        tmp_path / "bare.svg"
    ).read_text()


def test_damage_is_named(annotated: Path, tmp_path: Path) -> None:
    path = tmp_path / "why.h5"
    write_contrast(path, build_contrast(annotated, "4", "9"))
    with h5py.File(path, "a") as file:
        del file.attrs["n_genes"]
    with pytest.raises(GemError, match=r"damaged.*--why A --not B"):
        read_contrast(path)
    with pytest.raises(GemError, match="no such file"):
        read_contrast(tmp_path / "none.h5")


def test_names_are_made_fit(tmp_path: Path) -> None:
    assert contrast_path(tmp_path, "9", "10").name == "why-9-not-10.h5"
    assert "/" not in contrast_path(tmp_path, "a/b", "10").name
