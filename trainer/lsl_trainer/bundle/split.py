"""The split that a bundle carries: which images were trained on, known by id, gene and pixels."""

from __future__ import annotations

import csv
from pathlib import Path

from lsl_shared.files.content_hash import image_digests
from lsl_shared.files.store import PARTS
from lsl_trainer.data.training_data import TrainingData

__all__ = ["write_split"]


def write_split(data: TrainingData, path: Path) -> None:
    """Writes id, part, gene and content of every image of the store.

    `content` is the SHA-256 of the pixels, in hexadecimal; it is empty for images that training takes no look at.
    """
    contents = _contents(data)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("id", "part", "gene", "content"))
        for name, part, gene in zip(data.ids, data.part, data.genes, strict=True):
            writer.writerow((name, PARTS[part], gene, contents.get(name, "")))


def _contents(data: TrainingData) -> dict[str, str]:
    """The SHA-256 of the pixels of the images in all sets, by id; each is taken once."""
    sets = (
        data.coarse,
        data.fine,
        data.constrained,
        data.coarse_aside,
        data.fine_aside,
        data.calibration,
        data.test,
        data.held,
    )
    places = {row: name for images in sets for row, name in zip(images.rows.tolist(), images.ids, strict=True)}
    pixels = data.fine.images  # those of all sets
    return {name: image_digests(pixels[row : row + 1])[0].hex() for row, name in places.items()}
