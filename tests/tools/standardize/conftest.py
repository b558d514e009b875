"""Raw photographs with known truth, composed from demo embryos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from lsl_tools.demo.dataset import demo_images
from lsl_tools.demo.scene import Scene, compose_scene

SMALL = (360, 507)


@pytest.fixture(scope="session")
def embryos() -> list[np.ndarray]:
    """Ten standardized synthetic embryos, uint8 (128, 320, 3)."""
    return [sample.image for sample in demo_images(10, seed=4)]


@pytest.fixture(scope="session")
def scene(embryos: list[np.ndarray]) -> Callable[..., Scene]:
    """Composes the photograph of a seed, with so many neighbours."""

    def make(seed: int, neighbours: int = 0, size: tuple[int, int] = SMALL) -> Scene:
        others = [embryos[(seed + 3 * k + 1) % len(embryos)] for k in range(neighbours)]
        return compose_scene(embryos[seed % len(embryos)], others, np.random.default_rng(seed), size)

    return make


@pytest.fixture(scope="session")
def photographs(scene: Callable[..., Scene], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three good photographs and, in `bad`, one empty and one that is no picture."""
    root = tmp_path_factory.mktemp("photographs")
    (root / "good").mkdir()
    (root / "bad").mkdir()
    for seed in range(3):
        save(root / "good" / f"{seed}.png", scene(seed).photograph)
    save(root / "bad" / "empty.png", np.full((200, 300, 3), 230, np.uint8))
    (root / "bad" / "text.png").write_text("no picture")
    return root


def save(path: Path, picture: np.ndarray) -> None:
    """Writes a picture, RGB, by the name's ending."""
    path.write_bytes(cv2.imencode(path.suffix, picture[..., ::-1])[1].tobytes())
