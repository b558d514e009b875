from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime import Model
from lsl_shared import ImageError


class Wrapped:
    """Something of another library that knows how to become an array."""

    def __init__(self, images: NDArray[np.uint8]) -> None:
        self._images = images

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.uint8]:
        return self._images


@pytest.mark.parametrize("kind", [list, tuple, iter, Wrapped, lambda images: (image for image in images)])
def test_sequences_iterators_and_array_likes(model: Model, images: NDArray[np.uint8], kind: Any) -> None:
    whole = model.predict(images, batch_size=8)
    np.testing.assert_array_equal(model.predict(kind(images), batch_size=8).probabilities, whole.probabilities)
    maps = model.saliency(kind(images), np.arange(37) % 4, batch_size=8)
    np.testing.assert_array_equal(maps, model.saliency(images, np.arange(37) % 4, batch_size=8))


def test_dataset_is_read_batch_by_batch(model: Model, images: NDArray[np.uint8], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = images
        np.testing.assert_array_equal(
            model.predict(file["images"], batch_size=8).probabilities, model.predict(images, batch_size=8).probabilities
        )


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (iter([np.zeros((16, 40, 3), np.uint8), np.zeros((16, 41, 3), np.uint8)]), "received shapes"),
        (iter([np.zeros((16, 40, 3))]), "received float64"),
        (3, "received int"),
    ],
)
def test_wrong_images_of_a_sequence_are_refused(model: Model, images: Any, told: str) -> None:
    with pytest.raises(ImageError, match=told):
        model.predict(images)


def test_empty_iterator_gives_empty_answers(model: Model) -> None:
    assert model.predict(iter([])).probabilities.shape == (0, 4)


@pytest.mark.parametrize(
    ("shape", "dtype"), [((2, 16, 41, 3), np.uint8), ((16, 40, 3), np.uint8), ((2, 16, 40, 3), np.float32)]
)
def test_images_of_another_shape_or_type_are_refused(model: Model, shape: tuple[int, ...], dtype: type) -> None:
    with pytest.raises(ImageError, match=r"expected images uint8 \(N, 16, 40, 3\), received"):
        model.predict(np.zeros(shape, dtype))
