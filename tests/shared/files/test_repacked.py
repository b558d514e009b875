from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lsl_shared.errors import AnnotationsError
from lsl_shared.files.annotations import Annotations
from lsl_shared.files.repacked import check_same_images, is_of, sample_digest
from lsl_shared.files.store import Store

MakeFile = Callable[..., Path]
IDS = [f"i{row:03d}" for row in range(200)]
PIXELS = np.random.default_rng(0).integers(0, 256, (200, 4, 5, 3), dtype=np.uint8)


def packed(path: Path, pixels: np.ndarray = PIXELS, ids: list[str] = IDS, **layout: Any) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["format"], file.attrs["version"] = "lsl-store", 1
        file["samples/id"] = ids
        file.create_dataset("images", data=pixels, **({"chunks": (8, 4, 5, 3), "compression": "gzip"} | layout))
    return path


def annotated(path: Path, store: Path, *, version: int = 2) -> Path:
    """Annotations of a store, without any answer."""
    with h5py.File(path, "w") as file, Store(store) as opened:
        file.attrs["format"], file.attrs["version"] = "lsl-annotations", version
        file.attrs["store_fingerprint"] = opened.fingerprint()
        if version == 2:
            file.attrs["store_packing"], file.attrs["store_sample"] = opened.packing, sample_digest(opened)
        file["status"], file["id"], file["error"] = np.ones(200, np.uint8), IDS, [""] * 200
    return path


@pytest.mark.parametrize(
    "layout",
    [{"compression_opts": 9}, {"chunks": (1, 4, 5, 3)}, {"chunks": (200, 4, 5, 3)},
     {"shuffle": True, "chunks": (9, 4, 5, 3)}, {"compression": "lzf"}, {"compression": None}, {"fletcher32": True}],
    ids=str,
)  # fmt: skip
def test_images_packed_in_another_way_are_the_same(layout: dict[str, Any], tmp_path: Path) -> None:
    given = annotated(tmp_path / "a.h5", packed(tmp_path / "s.h5"))
    with Annotations(given) as annotations, Store(packed(tmp_path / "t.h5", **layout)) as store:
        assert store.fingerprint() != annotations.store_fingerprint
        assert is_of(annotations, store)
        check_same_images(annotations, store, "")


def changed(row: int) -> np.ndarray:
    pixels = PIXELS.copy()
    pixels[row] = 255 - pixels[row]
    return pixels


@pytest.mark.parametrize(
    ("pixels", "ids", "layout", "told"),
    [
        (changed(1), IDS, {}, "or images were changed since: the ids are the same; do this$"),
        (changed(0), IDS, {"compression_opts": 9}, "or images were changed since: the ids are the same; do this$"),
        (PIXELS, ["other", *IDS[1:]], {"compression_opts": 9}, "belongs to another store than .*t.h5; do this$"),
        (PIXELS[:199], IDS[:199], {"compression_opts": 9}, "belongs to another store than .*t.h5; do this$"),
    ],
    ids=["an image", "an image, repacked", "an id", "fewer"],
)
def test_other_images(pixels: np.ndarray, ids: list[str], layout: dict[str, Any], told: str, tmp_path: Path) -> None:
    given = annotated(tmp_path / "a.h5", packed(tmp_path / "s.h5"))
    other = packed(tmp_path / "t.h5", pixels, ids, **layout)
    with Annotations(given) as annotations, Store(other) as store, pytest.raises(AnnotationsError, match=told):
        check_same_images(annotations, store, "do this")


def test_version_1_cannot_tell_and_says_so(tmp_path: Path) -> None:
    given = annotated(tmp_path / "a.h5", packed(tmp_path / "s.h5"), version=1)
    other = packed(tmp_path / "t.h5", compression_opts=9)
    with Annotations(given) as annotations, Store(tmp_path / "s.h5") as store, Store(other) as repacked:
        check_same_images(annotations, store, "")
        with pytest.raises(AnnotationsError, match="h5repack packed them anew, which annotations of version 1"):
            check_same_images(annotations, repacked, "do this")


def test_images_that_cannot_be_read_do_not_stop_the_digest(tmp_path: Path) -> None:
    path = packed(tmp_path / "s.h5")
    with Store(path) as store:
        whole = sample_digest(store)
    with h5py.File(path) as file:
        place = file["images"].id.get_chunk_info(0).byte_offset
    with path.open("r+b") as stream:
        stream.seek(place)
        stream.write(b"\xff" * 20)
    with Store(path) as store:
        assert len(sample_digest(store)) == 64 and sample_digest(store) != whole
