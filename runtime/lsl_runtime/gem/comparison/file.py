"""The file of a comparison of two maps, comparison-<A>-<B>.h5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lsl_runtime.gem.comparison.comparison import GemComparison
from lsl_runtime.gem.files.maps_file import safe_name
from lsl_shared.errors import GemError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.hdf5 import read_dataset
from lsl_shared.files.marks import mark
from lsl_shared.files.new_hdf5 import written_hdf5
from lsl_shared.files.opening import open_file

__all__ = ["comparison_path", "read_comparison", "write_comparison"]

_FORMAT, _VERSION = "lsl-gem-comparison", 2
_REMEDY = "`lsl-gem STORE --compare A B` makes one"
_PLANES = {"difference": "f", "t": "f", "p": "f", "significant": "ub", "embryo": "f"}
_COUNTS, _PLAIN = ("n_images", "n_genes"), {"rate": float, "freedom": int, "mode": str, "masked": bool}


def comparison_path(folder: str | Path, names: tuple[str, str]) -> Path:
    """Where the comparison of two maps lies."""
    return Path(folder) / f"comparison-{safe_name(names[0])}-{safe_name(names[1])}.h5"


def write_comparison(path: str | Path, found: GemComparison) -> None:
    """Writes a comparison to an HDF5 file, in one piece.

    Args:
        path: The file; one that is there is replaced.
        found: The comparison.

    Example:
        >>> from lsl_runtime import GemSide, compare_gems, write_comparison
        >>> found = compare_gems("store.h5", GemSide("4"), GemSide("9"))
        >>> write_comparison("comparison.h5", found)
    """
    with atomic_path(path) as temporary, written_hdf5(temporary) as (file, _):
        mark(file, _FORMAT, _VERSION)
        for key in _PLANES:
            plane = getattr(found, key)
            kept = plane.astype(np.uint8) if plane.dtype == bool else plane  # bool is not for every program
            file.create_dataset(key, data=kept, compression="gzip")
        for key in ("names", *_COUNTS, *_PLAIN, "store_fingerprint"):
            file.attrs[key] = getattr(found, key)


def read_comparison(path: str | Path) -> GemComparison:
    """Reads a comparison that `write_comparison` or `lsl-gem --compare` wrote.

    Args:
        path: The file.

    Returns:
        The comparison, as it was written.

    Raises:
        GemError: The file is missing, foreign, damaged or of a newer version.

    Example:
        >>> from lsl_runtime import GemSide, compare_gems, read_comparison, write_comparison
        >>> write_comparison("comparison.h5", compare_gems("store.h5", GemSide("4"), GemSide("9")))
        >>> read_comparison("comparison.h5").names
        ('4', '9')
    """
    with open_file(path, _FORMAT, _VERSION, GemError, _REMEDY) as file:
        planes: dict[str, Any] = {
            key: np.asarray(read_dataset(file, key, GemError, dtype=kind, shape=(None, None))[...])
            for key, kind in _PLANES.items()
        }
        planes["significant"] = planes["significant"].astype(bool)
        try:
            attributes = file.attrs
            entries: dict[str, Any] = {key: read(attributes[key]) for key, read in _PLAIN.items()}
            entries |= {key: tuple(map(int, attributes[key])) for key in _COUNTS}
            entries["names"] = tuple(map(str, attributes["names"]))
            entries["store_fingerprint"] = str(attributes["store_fingerprint"])
        except (KeyError, ValueError, TypeError) as problem:
            raise GemError(path, f"damaged ({problem}). {_REMEDY}") from None
    return GemComparison(**planes, **entries)
