"""Whose logit a map is of: a class index for each image, −1 for the predicted class, or for none against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lsl_runtime.model.image_batches import Images
from lsl_shared.errors import ImageError

__all__ = ["checked_index", "with_class_index", "with_indices"]


def checked_index(
    class_index: ArrayLike | None, images: Images, logits: int, name: str = "class_index"
) -> NDArray[np.int64] | None:
    """The class index int64 (N,) of each image, −1 … `logits` − 1; None where there is none to name.

    Raises ImageError, which names the argument, for other types and values, and where the images are known to be more
    or fewer.
    """
    if class_index is None:
        return None
    wanted = np.asarray(class_index)
    count = len(images) if isinstance(images, Sized) else wanted.size
    if wanted.shape != (count,) or wanted.dtype.kind not in "iu":
        raise ImageError(f"{name}: expected integers ({count},), received {wanted.dtype} {wanted.shape}")
    if len(wanted) and not -1 <= wanted.min() <= wanted.max() < logits:
        asked = f"{wanted.min()} … {wanted.max()}"
        raise ImageError(f"{name} must lie in -1 … {logits - 1}, received {asked}")
    return wanted.astype(np.int64)


def with_class_index(
    batches: Iterable[NDArray[np.uint8]], class_index: NDArray[np.int64] | None
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Each batch (n, H, W, 3) with the class index (n,) of its images.

    Raises ImageError where there are more or fewer indices than images.
    """
    return ((pixels, index) for pixels, index in with_indices(batches, {"class_index": class_index}))


def with_indices(
    batches: Iterable[NDArray[np.uint8]], indices: Mapping[str, NDArray[np.int64] | None]
) -> Iterator[tuple[NDArray[Any], ...]]:
    """Yields each batch (n, H, W, 3) with the indices (n,) of its images, −1 where there are none.

    `indices` have the arguments' names. Raises ImageError where there are more or fewer of one than images.
    """
    images = 0
    for pixels in batches:
        yield pixels, *(_of_batch(name, index, images, len(pixels)) for name, index in indices.items())
        images += len(pixels)
    for name, index in indices.items():
        if index is not None and images != len(index):
            raise ImageError(f"{name}: received {len(index)} of them for {images} images")


def _of_batch(name: str, index: NDArray[np.int64] | None, start: int, count: int) -> NDArray[np.int64]:
    if index is None:
        return np.full(count, -1)
    found = index[start : start + count]
    if len(found) != count:
        raise ImageError(f"{name}: received {start + len(found)} of them for more images")
    return found
