"""Stores of bright squares whose place tells the class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_shared import StoreWriter
from lsl_trainer import TrainConfig
from tests.support.squares import COARSE, FINE, SIZE, TERMS, small_config, square


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 images of 60 genes; every third has a fine label; one in ten is of the childless coarse class."""
    generator = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("store") / "store.h5"
    corners = np.where(generator.random(300) < 0.1, -1, generator.integers(0, 4, 300))
    with StoreWriter(path, *SIZE) as writer:
        for number, corner in enumerate(corners):
            writer.append(square(corner, generator), id=f"image{number}", gene=f"gene{number // 5}")
        writer.add_task(COARSE, np.where(corners < 0, 2, corners // 2))
        writer.add_task(FINE, np.where(np.arange(300) % 3 == 0, corners, -1))
    return path


@pytest.fixture(scope="session")
def termed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 squares of 24 genes, with terms that say whether the square is above; a third is not annotated."""
    generator, path = np.random.default_rng(0), tmp_path_factory.mktemp("termed") / "store.h5"
    corners, places = generator.integers(0, 4, 120), np.arange(120)
    carried = np.stack([corners % 2 == 0, corners % 2 == 1, corners < 0], axis=1).astype(np.uint8)
    carried[places % 3 == 1] = 255
    with StoreWriter(path, *SIZE) as writer:
        for place, corner in enumerate(corners):
            writer.append(square(corner, generator), id=f"image{place}", gene=f"gene{place // 5}")
        writer.add_task(COARSE, corners // 2)
        writer.add_task(FINE, np.where(places % 3 == 0, corners, -1))
        writer.add_terms(TERMS, carried)
    return path


@pytest.fixture
def config() -> TrainConfig:
    return small_config()
