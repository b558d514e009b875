"""Whose logit a saliency map is of: a class index for each image, −1 for the predicted class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lsl_runtime.model.image_batches import Images
from lsl_shared.errors import ImageError

__all__ = ["checked_index", "with_class_index"]


def checked_index(class_index: ArrayLike | None, images: Images, logits: int) -> NDArray[np.int64] | None:
    """The class index int64 (N,) of each image, −1 … `logits` − 1; None where the predicted classes are wanted.

    Raises ImageError for other types and values, and where the images are known to be more or fewer.
    """
    if class_index is None:
        return None
    wanted = np.asarray(class_index)
    count = len(images) if isinstance(images, Sized) else wanted.size
    if wanted.shape != (count,) or wanted.dtype.kind not in "iu":
        raise ImageError(f"class_index: expected integers ({count},), received {wanted.dtype} {wanted.shape}")
    if len(wanted) and not -1 <= wanted.min() <= wanted.max() < logits:
        asked = f"{wanted.min()} … {wanted.max()}"
        raise ImageError(f"class_index must lie in -1 … {logits - 1}, received {asked}")
    return wanted.astype(np.int64)


def with_class_index(
    batches: Iterable[NDArray[np.uint8]], class_index: NDArray[np.int64] | None
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Yields each batch (n, H, W, 3) with the class index (n,) of its images.

    Raises ImageError where there are more or fewer indices than images.
    """
    images = 0
    for pixels in batches:
        index = np.full(len(pixels), -1) if class_index is None else class_index[images : images + len(pixels)]
        if len(index) != len(pixels):
            raise ImageError(f"class_index: received {images + len(index)} of them for more images")
        yield pixels, index
        images += len(pixels)
    if class_index is not None and images != len(class_index):
        raise ImageError(f"class_index: received {len(class_index)} of them for {images} images")
