from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import h5py
import numpy as np

from lsl_shared.files.fingerprint import fingerprint
from lsl_shared.files.text_column import TextColumn

IMAGES = np.random.default_rng(3).integers(0, 256, (7, 4, 5, 3), dtype=np.uint8)
IDS = ["a", "b", "c", "d", "e", "f", "ü"]


def _column(ids: list[str]) -> TextColumn:
    return TextColumn(np.array(ids, dtype=object))


def written(path: Path, images: np.ndarray = IMAGES, *, level: int = 4, before: int = 0) -> str:
    with h5py.File(path, "w") as file:
        file["filler"] = np.zeros(before, np.uint8)
        stored = file.create_dataset(
            "images", data=images, chunks=(2, 4, 5, 3), compression="gzip", compression_opts=level
        )
        return fingerprint(stored, _column(IDS))


def test_against_the_definition(tmp_path: Path) -> None:
    digest = hashlib.sha256(struct.pack("<4q", 7, 4, 5, 3))
    for name in IDS:
        digest.update(struct.pack("<q", len(name.encode())) + name.encode())
    padded = np.concatenate([IMAGES, np.zeros((1, 4, 5, 3), np.uint8)])
    chunks = [zlib.compress(padded[start : start + 2].tobytes(), 4) for start in range(0, 7, 2)]
    for start, chunk in zip(range(0, 7, 2), chunks, strict=True):
        digest.update(struct.pack("<3q", start, len(chunk), 0))
    for chunk in chunks:
        digest.update(chunk)
    assert written(tmp_path / "a.h5") == digest.hexdigest()


def test_the_place_in_the_file_does_not_count(tmp_path: Path) -> None:
    assert written(tmp_path / "a.h5") == written(tmp_path / "b.h5", before=10_000)


def test_a_pixel_an_id_and_the_order_count(tmp_path: Path) -> None:
    changed = IMAGES.copy()
    changed[6, 3, 4, 2] ^= 1
    first = written(tmp_path / "a.h5")
    assert written(tmp_path / "b.h5", changed) != first
    assert written(tmp_path / "c.h5", IMAGES[::-1]) != first
    with h5py.File(tmp_path / "a.h5") as file:
        assert fingerprint(file["images"], _column([*IDS[:-1], "u"])) != first
        assert fingerprint(file["images"], _column(["ab", "", *IDS[2:]])) != fingerprint(
            file["images"], _column(["a", "b", *IDS[2:]])
        )


def test_many_chunks_are_sampled_but_all_are_listed(tmp_path: Path) -> None:
    images = np.zeros((200, 2, 2, 3), np.uint8)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = file.create_dataset("images", data=images, chunks=(1, 2, 2, 3), compression="gzip")
        before = fingerprint(stored, _column(["x"]))
        stored[1] = np.arange(12).reshape(2, 2, 3)  # chunk 1 is not sampled, but its size changes
        assert fingerprint(stored, _column(["x"])) != before
