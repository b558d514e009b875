from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from lsl_shared.errors import ImageError
from lsl_tools.pictures.bmp_header import read_bmp_header
from lsl_tools.pictures.read_image import decode_image

RGB = np.random.default_rng(0).integers(0, 256, (20, 32, 3), dtype=np.uint8)


def written(header: bytes, pixels: np.ndarray) -> bytes:
    start = 14 + len(header)
    rows = pixels[::-1].tobytes()
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + header + rows


def header(length: int, bits: int, packing: int = 0, masks: tuple[int, ...] = (), more: bytes = b"") -> bytes:
    start = struct.pack("<IiiHHIIiiII", length, 32, 20, 1, bits, packing, 0, 2835, 2835, 0, 0)
    return (start + b"".join(struct.pack("<I", mask) for mask in masks) + more).ljust(length, b"\0")


def test_as_pillow_wrote_it() -> None:
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, "BMP")
    found = read_bmp_header(stream)
    assert (found.height, found.width, found.length, found.bits) == (20, 32, 40, 24)
    assert not found.oldest
    assert not found.misread


def test_the_oldest_header_has_colours() -> None:
    data = written(struct.pack("<IHHHH", 12, 32, 20, 1, 24), RGB[..., ::-1])
    assert read_bmp_header(io.BytesIO(data)).oldest
    np.testing.assert_array_equal(decode_image(data).pixels, RGB)


def test_colours_in_another_order_are_refused() -> None:
    pixels = np.dstack([RGB, np.zeros((20, 32), np.uint8)])
    data = written(header(40, 32, 3, (0xFF, 0xFF00, 0xFF0000)), pixels)
    with pytest.raises(ImageError, match="unusual order"):
        decode_image(data)


@pytest.mark.parametrize(("gamma", "told"), [(2.2, 0), (1.0, 1), (0.0, 0)])
def test_gamma(gamma: float, told: int) -> None:
    kept = struct.pack("<I", round(gamma * 65_536))
    calibrated = bytes(4) + bytes(36) + kept * 3
    masks = (0xFF0000, 0xFF00, 0xFF, 0)
    data = written(header(108, 24, 0, masks, calibrated), RGB[..., ::-1])
    found = decode_image(data)
    np.testing.assert_array_equal(found.pixels, RGB)
    assert len(found.remarks) == told
