"""How large the GPU benchmark is, and the images that it makes up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from lsl_shared import LabelSpace, StoreWriter
from lsl_trainer import NetworkConfig
from lsl_trainer.settings.network import NETWORKS

__all__ = ["CLASSES", "FULL", "RANGES", "SMALL", "Scale", "Tell", "device", "drawn", "write_store"]

CLASSES, RANGES = tuple(map(str, range(4, 18))), ("4-6", "7-8", "9-10", "11-12", "13-16", "17")
RANGE_OF = (0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 5)
Tell = Callable[[str, str, float | str], None]


@dataclass(frozen=True)
class Scale:
    """What is measured."""

    size: tuple[int, int]
    networks: dict[str, NetworkConfig]
    """By name; the first one is trained."""
    images: int
    """In the store that is trained on."""
    labelled: int
    """Of them with a fine label."""
    annotated: int
    """In the store that is annotated."""
    batch: int
    """Images a pass through the graphs."""
    seconds: float
    """How long a loop is timed at least."""
    compiles: bool
    """Whether torch.compile takes part."""


FULL = Scale((128, 320), {name: NETWORKS[name] for name in ("paper", "tiny")}, 2048, 1024, 10_000, 64, 1.0, True)
SMALL = Scale((16, 40), {"small": NetworkConfig(widths=(8,), strides=(2,), pool=2)}, 96, 48, 2048, 8, 0.02, False)


def device() -> torch.device:
    """Where PyTorch works."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def drawn(count: int, size: tuple[int, int], seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (n, H, W, 3) and their classes (n,): noise under as many stripes as the class has, at a random place."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, len(CLASSES), count)
    across = np.linspace(0, 1, size[1])
    images = np.empty((count, *size, 3), np.uint8)
    for image, label in zip(images, labels, strict=True):
        rough = generator.uniform(120, 230, (size[0] // 4, size[1] // 4, 3)).astype(np.float32)
        stripes = 40 * np.sin(2 * np.pi * (across * (label + 2) + generator.uniform()))
        image[...] = np.clip(cv2.resize(rough, size[::-1]) + stripes[:, None], 0, 255)
    return images, labels


def write_store(path: Path, count: int, labelled: int, size: tuple[int, int]) -> Path:
    """A store of drawn images; all have a range, the first `labelled` a stage too. Four images a gene."""
    images, labels = drawn(count, size)
    with StoreWriter(path, *size, compression=1) as writer:
        for number, image in enumerate(images):
            writer.append(image, id=f"image{number:06d}", gene=f"gene{number // 4:05d}", view="lateral")
        writer.add_task(LabelSpace("stage_range", RANGES), np.array(RANGE_OF)[labels])
        stage = LabelSpace("stage", CLASSES, parent="stage_range", parent_index=RANGE_OF)
        writer.add_task(stage, np.where(np.arange(count) < labelled, labels, -1))
    return path
