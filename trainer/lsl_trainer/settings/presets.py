"""Presets: settings that were found to work together.

`paper`: the paper's network and recipe, for a GPU. `tiny`: a small network and a short recipe, for a laptop.
`modern`: the same network with averaged weights, dropout and clipped gradients; the recipe suits larger ones too.
"""

from __future__ import annotations

from lsl_shared.errors import ConfigError
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.network import NETWORKS

__all__ = ["PRESETS", "preset"]

PRESETS = {
    "paper": TrainConfig(),
    "tiny": TrainConfig(
        preset="tiny",
        network=NETWORKS["tiny"],
        optimizer="adamw",
        learning_rate=0.002,
        feature_learning_rate=0.0002,
        weight_decay=0.02,
        schedule="cosine",
        label_smoothing=0.05,
        coarse_epochs=16,
        fine_epochs=30,
        feature_epochs=10,
        reference_draw="batch",
        flip=False,
        shift=0.04,
        scale=0.06,
        rotation=4.0,
        light=0.15,
    ),
    "modern": TrainConfig(
        preset="modern",
        network=NETWORKS["tiny"],
        batch_size=32,
        optimizer="adamw",
        learning_rate=0.002,
        feature_learning_rate=0.0005,
        weight_decay=0.05,
        schedule="cosine",
        label_smoothing=0.05,
        average=0.99,
        clip_norm=5.0,
        feature_dropout=0.2,
        coarse_epochs=16,
        fine_epochs=40,
        feature_epochs=12,
        pseudo_threshold=0.8,
        reference_draw="batch",
        flip=False,
        shift=0.03,
        scale=0.05,
        rotation=4.0,
        light=0.1,
    ),
}
"""By name: `paper`, `tiny`, `modern`."""


def preset(name: str) -> TrainConfig:
    """A preset by its name. Raises ConfigError that lists them."""
    if name not in PRESETS:
        raise ConfigError(f"--preset must be one of {', '.join(PRESETS)}, received {name!r}")
    return PRESETS[name]
