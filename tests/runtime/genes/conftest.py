"""A store that is annotated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_runtime import Model, annotate


@pytest.fixture
def annotated(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> Path:
    """A store of 60 drawn embryos in the test's folder, its annotations without saliency beside it."""
    path = make_store(60)
    annotate(path, Model.load(make_bundle()))
    return path
