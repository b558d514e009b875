from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from lsl_shared.errors import ImageError
from lsl_tools.pictures.picture_file import first_bytes, picture_bytes


def test_what_is_no_file(tmp_path: Path) -> None:
    assert first_bytes(tmp_path) == first_bytes(tmp_path / "absent") == b""
    with pytest.raises(OSError, match="directory"):
        picture_bytes(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of POSIX")
def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to("/dev/zero")
    for name in ("a.png", "b.png"):
        assert first_bytes(tmp_path / name) == b""
        with pytest.raises(ImageError, match="pipe or a device"):
            picture_bytes(tmp_path / name)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.tif").open("wb") as stream:
        stream.write(b"II*\0")
        stream.truncate(3 << 30)  # takes no room on most disks
    with pytest.raises(ImageError, match=r"has 3\.2 GB, at most 2\.1"):
        picture_bytes(tmp_path / "a.tif")


@pytest.mark.parametrize("name", ["a.oib", "b.vsi", "c.webp", "d.nef"])
def test_other_kinds_are_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"II*\0" if name[0] in "bd" else b"anything")
    with pytest.raises(ImageError, match="is not a PNG, JPEG, BMP or TIFF file but "):
        picture_bytes(tmp_path / name)
