"""The model whose answers are known by hand, and images for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime import Model


@pytest.fixture
def model(make_bundle: Callable[..., Path]) -> Model:
    return Model.load(make_bundle(), device="cpu")


@pytest.fixture
def images() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (37, 16, 40, 3), dtype=np.uint8)
