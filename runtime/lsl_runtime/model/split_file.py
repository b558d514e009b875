"""Which images the model has seen: the split that a bundle carries, split.csv."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from lsl_shared.errors import BundleError
from lsl_shared.files.manifest import SPLIT
from lsl_shared.files.store import PARTS
from lsl_shared.system_errors import reason

__all__ = ["KnownImage", "read_known_images", "read_split"]


@dataclass(frozen=True)
class KnownImage:
    """An image of the store that the model was trained on."""

    id: str
    part: str
    """train, calibration or test."""
    gene: str = ""
    """'' where it is not known, as in bundles of version 0.1.0."""
    content: str = ""
    """SHA-256 of its pixels in hexadecimal; '' where it is not known: training took no look at the image."""


def read_known_images(bundle: str | Path) -> list[KnownImage]:
    """The images in a bundle's split.csv. Raises BundleError."""
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
    return [KnownImage(row["id"], row["part"], row.get("gene") or "", row.get("content") or "") for row in rows]


def read_split(bundle: str | Path) -> dict[str, str]:
    """The part of each image, {id: train, calibration or test}, from a bundle's split.csv. Raises BundleError."""
    return {image.id: image.part for image in read_known_images(bundle)}
