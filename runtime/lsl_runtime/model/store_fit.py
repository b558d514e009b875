"""Whether a store's images suit a model."""

from __future__ import annotations

from lsl_runtime.model.model import Model
from lsl_shared.errors import ImageError
from lsl_shared.files.store import Store

__all__ = ["check_image_size"]


def check_image_size(store: Store, model: Model) -> None:
    """Raises ImageError where the store's images are not of the size that the model takes."""
    expected, found = model.manifest.image_size, store.shape[1:]
    if found != expected:
        size = "x".join(map(str, expected))
        raise ImageError(
            f"{store.path}: images are {found}, the model expects {expected}; import them with --size {size}"
        )
