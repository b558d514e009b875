"""Bright squares whose place tells the class, and settings that learn them in seconds."""

from __future__ import annotations

import numpy as np

from lsl_shared import LabelSpace
from lsl_trainer import PRESETS, NetworkConfig, TrainConfig
from lsl_trainer.data.batch import Labelled

__all__ = ["COARSE", "FINE", "SIZE", "TERMS", "small_config", "square", "squares"]

SIZE = (36, 48)
COARSE = LabelSpace("side", ("left", "right", "none"))
FINE = LabelSpace.fine("corner", {"a": "left", "b": "left", "c": "right", "d": "right"}, COARSE)
TERMS = LabelSpace("marks", ("upper", "lower", "never"))


def square(corner: int, generator: np.random.Generator) -> np.ndarray:
    """Noise with a bright square whose place depends on the class; no square for −1."""
    image = generator.integers(0, 90, (*SIZE, 3)).astype(np.uint8)
    if corner >= 0:
        top, left = (3, 13)[corner % 2], (4, 24)[corner // 2]
        image[top : top + 8, left : left + 12] += 120
    return image


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


def squares(count: int = 48) -> Labelled:
    """So many squares of all four corners, as a step learns from them."""
    generator = np.random.default_rng(0)
    labels = np.arange(count) % 4
    images = np.stack([square(int(label), generator) for label in labels])
    ids = np.array([f"image{k}" for k in range(count)], dtype=object)
    return Labelled(images, np.arange(count), labels, np.arange(count), ids)
