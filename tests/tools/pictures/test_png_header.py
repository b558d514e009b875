from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lsl_tools.pictures.image_header import read_header
from lsl_tools.pictures.png_header import read_png_header
from lsl_tools.pictures.read_image import decode_image

RGB = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def saved(*chunks: tuple[bytes, bytes], late: bool = False) -> bytes:
    """A PNG with these chunks before its pixels, or after them."""
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, "PNG")
    data, place = stream.getvalue(), -12 if late else 33
    return data[:place] + b"".join(chunk(*of) for of in chunks) + data[place:]


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def turn(orientation: int, order: str = ">") -> bytes:
    start = b"MM\0*" if order == ">" else b"II*\0"
    return start + struct.pack(order + "IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation: int, order: str, late: bool) -> None:
    data = saved((b"eXIf", turn(orientation, order)), late=late)
    header = read_header(io.BytesIO(data))
    assert header.orientation == orientation
    assert decode_image(data).pixels.shape[:2] == header.shown_size


@pytest.mark.parametrize("content", [b"", b"MM", b"Exif\0\0" + turn(1)[:9], b"nonsense" * 9, turn(99), turn(0)])
def test_damaged_exif_turns_nothing(content: bytes) -> None:
    np.testing.assert_array_equal(decode_image(saved((b"eXIf", content))).pixels, RGB)


@pytest.mark.parametrize(
    ("gamma", "told"), [(45_455, ()), (45_454, ()), (45_500, ()), (100_000, ("a gamma of 1 ",)), (55_556, ("0.55556",))]
)
def test_gamma(gamma: int, told: tuple[str, ...]) -> None:
    remarks = decode_image(saved((b"gAMA", gamma.to_bytes(4, "big")))).remarks
    assert len(remarks) == len(told)
    assert all(text in remarks[0] for text in told)


def test_srgb_says_it_better_than_gamma() -> None:
    assert decode_image(saved((b"sRGB", b"\0"), (b"gAMA", (100_000).to_bytes(4, "big")))).remarks == ()


def test_an_animation_is_told() -> None:
    first, second = Image.fromarray(RGB), Image.fromarray(255 - RGB)
    stream = io.BytesIO()
    first.save(stream, "PNG", save_all=True, append_images=[second])
    found = decode_image(stream.getvalue())
    np.testing.assert_array_equal(found.pixels, RGB)
    assert found.remarks == ("several pages: the first is taken",)


def test_a_profile_that_unpacks_to_much_is_cut() -> None:
    data = saved((b"iCCP", b"bomb\0\0" + zlib.compress(bytes(50_000_000))))
    assert len(read_png_header(io.BytesIO(data)).profile) == 1 << 20


def test_chunks_that_never_end() -> None:
    data = saved()
    endless = data[:33] + struct.pack(">I", 0xFFFF_FFFF) + b"eXIf" + b"MM"
    assert read_png_header(io.BytesIO(endless)).chunks == {b"eXIf": b"MM"}
