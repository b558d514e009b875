"""Small stores of bright squares whose place tells the class."""

from pathlib import Path

import numpy as np
import pytest

from lsl_shared import LabelSpace, StoreWriter
from lsl_trainer import NetworkConfig
from lsl_trainer.config import PRESETS, TrainConfig

SIZE = (36, 48)
COARSE = LabelSpace("side", ("left", "right", "none"))
FINE = LabelSpace.fine("corner", {"a": "left", "b": "left", "c": "right", "d": "right"}, COARSE)


def square(corner: int, generator: np.random.Generator) -> np.ndarray:
    """Noise with a bright square whose place depends on the class; no square for −1."""
    image = generator.integers(0, 90, (*SIZE, 3)).astype(np.uint8)
    if corner >= 0:
        top, left = (3, 13)[corner % 2], (4, 24)[corner // 2]
        image[top : top + 8, left : left + 12] += 120
    return image


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


def small_config() -> TrainConfig:
    """A network and a recipe that learn the squares in seconds."""
    return PRESETS["tiny"].having(
        network=NetworkConfig(widths=(8, 16), strides=(2, 2), stem_stride=2, pooled_shortcut=True, pool=1),
        coarse_epochs=4,
        fine_epochs=8,
        feature_epochs=3,
        reference_sets=10,
        optimizer="sgd",
        learning_rate=0.05,
        weight_decay=0.0005,
        label_smoothing=0.0,
        shift=0.0,
        scale=0.0,
        rotation=0.0,
    )


@pytest.fixture
def config() -> TrainConfig:
    return small_config()
