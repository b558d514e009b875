from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lsl_tools.packaging.cover import cover_image, draw_cover, write_png
from tests.support.pictures import decoded


class Certain:
    """A model that looks at one spot and is sure of its class; as many classes as are asked for."""

    def __init__(self, classes: int) -> None:
        self.task = SimpleNamespace(
            name="cell_type", classes=tuple(f"a class ${k}$ with a long name" for k in range(classes))
        )

    def explain(self, images: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
        saliency = np.zeros(images.shape[:3], np.float32)
        saliency[:, 10:20, 10:20] = 1
        yield {"saliency": saliency, "probabilities": np.eye(len(self.task.classes), dtype=np.float32)[:1]}


@pytest.mark.parametrize("classes", [2, 60])
def test_cover_is_what_the_model_zoo_wants(tmp_path: Path, classes: int) -> None:
    model: Any = Certain(classes)
    draw_cover(model, cover_image((64, 80)), tmp_path / "cover.png")
    drawn = decoded(tmp_path / "cover.png")
    assert drawn.shape == (400, 800, 3) and (tmp_path / "cover.png").stat().st_size < 500_000
    assert drawn.std() > 10


def test_embryos_show_for_models_of_their_size() -> None:
    image = cover_image((128, 320))
    assert image.shape == (128, 320, 3) and (image[0, 0] > 200).all() and image.min() < 120
    assert (cover_image((128, 320)) == image).all()


def test_png_keeps_every_pixel(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    write_png(tmp_path / "a.png", image)
    np.testing.assert_array_equal(decoded(tmp_path / "a.png"), image)
