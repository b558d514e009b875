"""A store that is annotated, once a session, and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_runtime import Model, annotate
from tests.support.bands import write_bundle, write_store


@pytest.fixture(scope="session")
def annotated_once(originals: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with store.h5, 60 drawn embryos, and its annotations without saliency."""
    folder = tmp_path_factory.mktemp("annotated")
    shutil.copyfile(originals(write_store, 60), folder / "store.h5")
    annotate(folder / "store.h5", Model.load(originals(write_bundle)))
    return folder


@pytest.fixture
def annotated(annotated_once: Path, tmp_path: Path) -> Path:
    """The store in the test's folder, its annotations beside it."""
    for name in ("store.h5", "store.annotations.h5"):
        shutil.copyfile(annotated_once / name, tmp_path / name)
    return tmp_path / "store.h5"
