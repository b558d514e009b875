"""Pictures, folders and tables as users have them, written with OpenCV and plain text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.places import DATA


@pytest.fixture
def data() -> Path:
    """The folder of real images, where there is one."""
    if not DATA.is_dir():
        pytest.skip(f"no real images in {DATA}")
    return DATA


def picture(seed: int, height: int = 12, width: int = 16) -> np.ndarray:
    """Noise, uint8 (H, W, 3), RGB, different for each seed."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder with a noise picture under each of the given paths."""

    def make(*paths: str, size: tuple[int, int] = (12, 16), name: str = "source") -> Path:
        root = tmp_path / name
        for seed, path in enumerate(paths):
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            encoded = cv2.imencode(target.suffix, picture(seed, *size)[..., ::-1])[1]
            target.write_bytes(encoded.tobytes())
        return root

    return make
