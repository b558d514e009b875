"""Which images the model has seen: the split that a bundle carries."""

from __future__ import annotations

import csv
from pathlib import Path

from lsl_shared.errors import BundleError
from lsl_shared.files.manifest import SPLIT
from lsl_shared.files.store import PARTS
from lsl_shared.system_errors import reason

__all__ = ["read_split"]


def read_split(bundle: str | Path) -> dict[str, str]:
    """The part of each image, {id: train, calibration or test}, from a bundle's split.csv. Raises BundleError."""
    path = Path(bundle) / SPLIT
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError:
        raise BundleError(
            path, "no such file, so nobody knows which images are for testing; --all takes every image"
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise BundleError(path, f"cannot be read as a table ({reason(problem)}); copy the bundle again") from None
    wrong = next((row for row in rows if not row.get("id") or row.get("part") not in PARTS), None)
    if wrong is not None or not rows:
        found = dict(wrong) if wrong else "no rows"
        raise BundleError(path, f"expected columns id, part (one of {PARTS}), found {found}; copy the bundle again")
    return {row["id"]: row["part"] for row in rows}
