"""Reads the folder of real photographs that benchmarks need; it is not part of the project."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Photograph", "read_photographs"]

Photograph = tuple[dict[str, str], NDArray[np.uint8]]
"""A row of labels.csv, and the image that it names, RGB (H, W, 3)."""


def read_photographs(folder: Path, genes: Collection[str] = ()) -> list[Photograph]:
    """The photographs that `folder`/labels.csv names, or only those of some genes."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if not genes or row["gene"] in genes]
    return [(row, _image(folder / row["file"])) for row in rows]


def _image(path: Path) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert image is not None, path
    return np.asarray(image, np.uint8)
