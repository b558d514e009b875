from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from lsl_tools.pictures.colour_profile import profile_remarks
from lsl_tools.pictures.read_image import decode_image

RGB = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def profile(name: str, version: int = 4) -> bytes:
    """A profile that carries nothing but its name, as version 2 or 4 of ICC writes it."""
    if version == 4:
        text = name.encode("utf-16-be")
        described = b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(text), 28) + text
    else:
        described = b"desc" + bytes(4) + struct.pack(">I", len(name) + 1) + name.encode() + b"\0"
    start = bytes(36) + b"acsp" + bytes(88)
    return start + struct.pack(">I4sII", 1, b"desc", 144, len(described)) + described


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(kind: str, icc: bytes, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, kind, icc_profile=icc, **options)
    return stream.getvalue()


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("name", ["Adobe RGB (1998)", "Display P3", "ProPhoto RGB", "Dot Gain 20%", "eciRGB v2"])
def test_other_profiles_are_told_by_name(name: str, version: int) -> None:
    (told,) = profile_remarks(profile(name, version))
    assert name in told
    assert "taken as sRGB" in told


@pytest.mark.parametrize("icc", [b"", SRGB, profile("sRGB IEC61966-2.1", 2), profile("sRGB built-in"), profile("c2")])
def test_srgb_and_none_are_not(icc: bytes) -> None:
    assert profile_remarks(icc) == ()


@pytest.mark.parametrize("icc", [b"x" * 500, profile("Name")[:140], bytes(200), profile("\x1b[2J\n")])
def test_damaged_profiles_are_told_without_a_name(icc: bytes) -> None:
    (told,) = profile_remarks(icc)
    assert told.isprintable()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_profiles_of_files(kind: str) -> None:
    assert decode_image(saved(kind, SRGB)).remarks == ()
    found = decode_image(saved(kind, profile("Adobe RGB (1998)")))
    assert found.remarks == ("colours by the profile “Adobe RGB (1998)”, which are taken as sRGB",)
    large = profile("Large") + bytes(200_000)  # several segments of a JPEG
    assert "Large" in decode_image(saved(kind, large)).remarks[0]
