"""The file of a contrast of two classes, why-<A>-not-<B>.h5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lsl_runtime.gem.build.contrast import Contrast
from lsl_runtime.gem.files.maps_file import safe_name
from lsl_shared.errors import GemError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.hdf5 import read_dataset
from lsl_shared.files.marks import mark
from lsl_shared.files.new_hdf5 import written_hdf5
from lsl_shared.files.opening import open_file

__all__ = ["contrast_path", "read_contrast", "write_contrast"]

_FORMAT, _VERSION = "lsl-contrast", 1
_REMEDY = "`lsl-gem STORE --why A --not B` makes one"
_PLANES = ("mean", "p_for", "p_against", "embryo")
_TEXTS = ("stage", "against", "task", "model", "model_digest", "store_fingerprint")
_COUNTS = ("n_images", "n_genes")


def contrast_path(folder: str | Path, stage: str, against: str) -> Path:
    """Where the contrast of two classes lies."""
    return Path(folder) / f"why-{safe_name(stage)}-not-{safe_name(against)}.h5"


def write_contrast(path: str | Path, found: Contrast) -> None:
    """Writes a contrast to an HDF5 file, in one piece, without its samples.

    Args:
        path: The file; one that is there is replaced.
        found: The contrast.

    Example:
        >>> from lsl_runtime import build_contrast, write_contrast
        >>> write_contrast("why.h5", build_contrast("store.h5", "4", "9"))
    """
    with atomic_path(path) as temporary, written_hdf5(temporary) as (file, _):
        mark(file, _FORMAT, _VERSION)
        for key in _PLANES:
            file.create_dataset(key, data=getattr(found, key), compression="gzip")
        for key in (*_TEXTS, *_COUNTS):
            file.attrs[key] = getattr(found, key)


def read_contrast(path: str | Path) -> Contrast:
    """Reads a contrast that `write_contrast` or `lsl-gem --why` wrote.

    Args:
        path: The file.

    Returns:
        The contrast, as it was written.

    Raises:
        GemError: The file is missing, foreign, damaged or of a newer version.

    Example:
        >>> from lsl_runtime import build_contrast, read_contrast, write_contrast
        >>> write_contrast("why.h5", build_contrast("store.h5", "4", "9"))
        >>> read_contrast("why.h5").against
        '9'
    """
    with open_file(path, _FORMAT, _VERSION, GemError, _REMEDY) as file:
        entries: dict[str, Any] = {
            key: np.asarray(read_dataset(file, key, GemError, dtype="f", shape=(None, None))[...]) for key in _PLANES
        }
        try:
            entries |= {key: str(file.attrs[key]) for key in _TEXTS}
            entries |= {key: int(file.attrs[key]) for key in _COUNTS}
        except (KeyError, ValueError) as problem:
            raise GemError(path, f"damaged ({problem}). {_REMEDY}") from None
    return Contrast(**entries)
