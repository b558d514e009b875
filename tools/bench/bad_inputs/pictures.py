"""Bad and odd pictures."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from bad_inputs.bad import Bad, bytes_of, damaged
from lsl_tools.demo.dataset import demo_images
from lsl_tools.demo.scene import compose_scene

__all__ = ["bad_pictures", "photograph"]


def photograph() -> np.ndarray:
    """A photograph of one drawn embryo, uint8 (H, W, 3), RGB."""
    (embryo,) = demo_images(1, seed=4)
    return compose_scene(embryo.image, [], np.random.default_rng(0), (240, 340)).photograph


def bad_pictures() -> Iterator[Bad]:
    """Damaged files of every format, headers that claim much or nothing, other kinds, and odd ones that are right."""
    whole = photograph()
    for ending in (".png", ".jpg", ".bmp", ".tif"):
        yield from damaged("picture", ending, _encoded(ending, whole), steps=2, sums=ending == ".png")
    yield from _claims(whole)
    yield from _others()
    yield from _odd(whole)
    yield Bad("picture", "a pipe", lambda path: os.mkfifo(path), ".png")
    yield Bad("picture", "a link to zeros without end", lambda path: path.symlink_to("/dev/zero"), ".png")
    yield Bad("picture", "three gigabytes", _large, ".tif")


def _encoded(ending: str, picture: np.ndarray, *flags: int) -> bytes:
    return cv2.imencode(ending, picture[..., ::-1], list(flags))[1].tobytes()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, content: bytes = b"") -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(content)) + _chunk(b"IEND", b"")


def _tiff(*tags: tuple[int, int, int, int]) -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def _claims(whole: np.ndarray) -> Iterator[Bad]:
    """Headers that claim more, less or other than there is."""
    bmp = bytearray(_encoded(".bmp", whole))
    bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
    size = ((256, 4, 1, 60_000), (257, 4, 1, 60_000))
    grey = ((258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1))
    claims = {
        "png of 4 gigapixels": (".png", _png(65_000, 65_000)),
        "png without pixels": (".png", _png(0, 0)),
        "png with too few pixels": (".png", _png(300, 300, b"\0" * 50)),
        "bmp of 4 gigapixels": (".bmp", bytes(bmp)),
        "tiff of 4 gigapixels": (".tif", _tiff(*size, *grey)),
        "tiff without pixels": (".tif", _tiff(*grey)),
        "tiff of a thousand samples": (".tif", _tiff((256, 3, 1, 9), (257, 3, 1, 9), *grey, (277, 3, 1, 1000))),
        "tiff of four billion strips": (".tif", _tiff((256, 3, 1, 9), (257, 3, 1, 9), *grey, (273, 4, 2**32 - 1, 8))),
        "tiff whose pages lie beyond the file": (".tif", b"II*\0" + struct.pack("<I", 2**31)),
        "tiff without a page": (".tif", b"II*\0" + bytes(60)),
        "jpeg that ends after its start": (".jpg", b"\xff\xd8\xff\xe0\0\x10JFIF"),
        "two letters": (".bmp", b"BM"),
    }
    for name, (ending, data) in claims.items():
        yield Bad("picture", name, bytes_of(data), ending)


def _others() -> Iterator[Bad]:
    """Pictures of other kinds, whose names do not always say so."""
    starts = {
        "webp": b"RIFF\x24\0\0\0WEBPVP8 ", "gif": b"GIF89a\1\0\1\0", "heic": b"\0\0\0\x18ftypheic",
        "czi": b"ZISRAWFILE", "nd2": b"\xda\xce\xbe\x0a", "jp2": b"\0\0\0\x0cjP  \r\n\x87\n",
        "psd": b"8BPS\0\1", "jxl": b"\xff\x0a", "avif": b"\0\0\0\x18ftypavif",
    }  # fmt: skip
    for ending, start in starts.items():
        yield Bad("picture", f"{ending} by its name", bytes_of(start + bytes(200)), f".{ending}")
        yield Bad("picture", f"{ending} called .jpg", bytes_of(start + bytes(200)), ".jpg")
    for ending in (".lif", ".zvi", ".vsi", ".oib", ".svs", ".nef", ".tga"):
        yield Bad("picture", f"{ending} by its name alone", bytes_of(bytes(range(200))), ending)
    pdf = b"%PDF-1.7\n" + bytes(200)
    yield Bad("picture", "a PDF called .png", bytes_of(pdf), ".png")
    yield Bad("picture", "a zip called .tif", bytes_of(b"PK\3\4" + bytes(200)), ".tif")


def _saved(kind: str, picture: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def _odd(whole: np.ndarray) -> Iterator[Bad]:
    """Right pictures in ways that are rarely met."""
    picture = Image.fromarray(whole)
    turned = Image.Exif()
    turned[274] = 6
    exif = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 274, 3, 1, 6, 0, 0)
    png = _encoded(".png", whole)
    odd = {
        "jpe": (".jpe", _encoded(".jpg", whole)),
        "jfif": (".jfif", _encoded(".jpg", whole)),
        "no ending": ("", png),
        "png called jpg": (".jpg", png),
        "tiff called png": (".png", _encoded(".tif", whole)),
        "bytes after the end": (".png", png + b"more" * 99),
        "exif in png": (".png", png[:33] + _chunk(b"eXIf", exif) + png[33:]),
        "gamma of 1": (".png", png[:33] + _chunk(b"gAMA", struct.pack(">I", 100_000)) + png[33:]),
        "a camera of 12 bits": (".tif", _encoded(".tif", (whole * 16.0588).astype(np.uint16))),
        "turned jpeg": (".jpg", _saved("JPEG", picture, exif=turned)),
        "cmyk": (".jpg", _saved("JPEG", picture.convert("CMYK"))),
        "palette": (".png", _saved("PNG", picture.quantize(64))),
        "grey": (".png", _saved("PNG", picture.convert("L"))),
        "alpha": (".png", _saved("PNG", picture.convert("RGBA"))),
        "two pages": (".tif", _saved("TIFF", picture, save_all=True, append_images=[picture])),
        "big tiff": (".btf", _saved("TIFF", picture, big_tiff=True)),
        "a broken profile": (".jpg", _saved("JPEG", picture, icc_profile=b"x" * 200)),
    }
    for name, (ending, data) in odd.items():
        yield Bad("picture", f"odd: {name}", bytes_of(data), ending, right=True)


def _large(path: Path) -> None:
    with path.open("wb") as stream:
        stream.write(b"II*\0")
        stream.truncate(3 << 30)  # takes no room on most disks
