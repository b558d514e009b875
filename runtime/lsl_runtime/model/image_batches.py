"""Images batch by batch, from arrays, things with `__array__`, sequences and iterators of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lsl_shared.errors import ImageError

__all__ = ["Images", "image_batches"]

Images: TypeAlias = ArrayLike | Iterable[ArrayLike]
"""uint8 (N, H, W, 3), or N of (H, W, 3)."""


def image_batches(images: Images, size: tuple[int, int], batch_size: int) -> Iterator[NDArray[np.uint8]]:
    """Yields uint8 (n, H, W, 3), n ≤ `batch_size`; one empty batch where there are no images.

    What has a shape is sliced and read batch by batch, iterators are never held as a whole. Raises ImageError where the
    images are not uint8 of `size`.
    """
    if hasattr(images, "__array__"):
        source: Any = images if hasattr(images, "shape") and hasattr(images, "dtype") else np.asarray(images)
        _check(source, size)
        for start in range(0, max(len(source), 1), batch_size):
            yield np.asarray(source[start : start + batch_size])
        return
    if not isinstance(images, Iterable):
        raise ImageError(f"expected images uint8 {_wanted(size)}, received {type(images).__name__}")
    each = iter(images)
    batch = list(islice(each, batch_size))
    if not batch:
        yield np.zeros((0, *size, 3), dtype=np.uint8)
    while batch:
        yield _stacked(batch, size)
        batch = list(islice(each, batch_size))


def _stacked(images: list[Any], size: tuple[int, int]) -> NDArray[np.uint8]:
    try:
        pixels = np.asarray([np.asarray(image) for image in images])
    except ValueError:
        shapes = sorted({np.shape(image) for image in images})
        raise ImageError(f"expected images uint8 {_wanted(size)}, received shapes {shapes}") from None
    _check(pixels, size)
    return pixels


def _check(images: Any, size: tuple[int, int]) -> None:
    if images.dtype != np.uint8 or len(images.shape) != 4 or tuple(images.shape[1:]) != (*size, 3):
        raise ImageError(f"expected images uint8 {_wanted(size)}, received {images.dtype} {tuple(images.shape)}")


def _wanted(size: tuple[int, int]) -> str:
    return f"(N, {size[0]}, {size[1]}, 3)"
