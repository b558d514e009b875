from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_runtime.model.bundles import newest_bundle
from lsl_shared import BundleError


def test_newest_finished_run_is_taken(make_bundle: Callable[..., Path], tmp_path: Path) -> None:
    for name, age in (("b", 10), ("a", 20), ("c", 30)):
        bundle = make_bundle(tmp_path / "runs" / name / "model")
        os.utime(bundle / "manifest.json", (1e9 - age, 1e9 - age))
    unfinished = tmp_path / "runs" / "z" / "model"
    unfinished.mkdir(parents=True)
    (unfinished / "classifier.onnx").write_bytes(b"")
    assert newest_bundle(tmp_path) == tmp_path / "runs" / "b" / "model"


def test_no_run_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"runs: no finished run here. `lsl-train` makes one"):
        newest_bundle(tmp_path)
