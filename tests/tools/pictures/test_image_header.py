from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from lsl_shared.errors import ImageError
from lsl_tools.pictures.image_header import ImageHeader, read_header

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (7, 11, 3), dtype=np.uint8))


def saved(kind: str, picture: Image.Image = PICTURE, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def header(data: bytes) -> ImageHeader:
    return read_header(io.BytesIO(data))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
@pytest.mark.parametrize("mode", ["RGB", "L", "1"])
def test_size_as_pillow_wrote_it(kind: str, mode: str) -> None:
    found = header(saved(kind, PICTURE.convert(mode)))
    assert (found.kind, found.height, found.width, found.orientation, found.pages) == (kind, 7, 11, 1, 1)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif"])
def test_size_as_opencv_wrote_it(suffix: str) -> None:
    found = header(cv2.imencode(suffix, np.zeros((300, 20, 3), np.uint8))[1].tobytes())
    assert (found.height, found.width) == (300, 20)


def test_progressive_jpeg_and_large_segments_before_the_size() -> None:
    found = header(saved("JPEG", progressive=True, comment=b"x" * 60_000, icc_profile=b"y" * 200_000))
    assert (found.height, found.width) == (7, 11)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_and_shown_size(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    found = header(saved(kind, exif=exif))
    assert found.orientation == orientation
    assert found.shown_size == ((7, 11) if orientation < 5 else (11, 7))


def test_pages_of_a_tiff() -> None:
    assert header(saved("TIFF", save_all=True, append_images=[PICTURE] * 2)).pages == 3
    assert header(saved("TIFF", big_tiff=True)) == ImageHeader("TIFF", 7, 11)


def test_a_tiff_whose_pages_run_in_a_circle_ends() -> None:
    data = bytearray(saved("TIFF"))
    start = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[start : start + 2], "little")
    data[start + 2 + 12 * count : start + 6 + 12 * count] = start.to_bytes(4, "little")
    assert header(bytes(data)).pages == 1


def test_bmp_from_top_to_bottom_has_a_negative_height() -> None:
    data = bytearray(saved("BMP"))
    data[22:26] = (-7).to_bytes(4, "little", signed=True)
    assert header(bytes(data)).height == 7


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"GIF89a\1\0\1\0", "is not a PNG, JPEG, BMP or TIFF file"),
        (b"<html>", "begins with b'<html>'"),
        (saved("PNG")[:20], "cut off"),
        (saved("JPEG")[:100], "cut off"),
        (saved("TIFF")[:6], "cut off"),
        (b"BM" + bytes(40), "0×0 pixels"),
    ],
)
def test_other_and_damaged_files(data: bytes, told: str) -> None:
    with pytest.raises(ImageError, match=told):
        header(data)


def test_any_cut_or_changed_byte_is_survived(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for kind in ("PNG", "JPEG", "BMP", "TIFF"):
        whole = saved(kind)
        for _ in range(200):
            data = bytearray(whole[: rng.integers(len(whole))])
            for place in rng.integers(0, max(len(data), 1), 3 if data else 0):
                data[place] = rng.integers(256)
            try:
                assert header(bytes(data)).width > 0
            except ImageError:
                continue
