from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from lsl_shared.errors import DataFileError
from lsl_tools.importing.find_images import find_images

GREY = np.full((8, 8), 200, np.uint8)


def touched(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(exist_ok=True, parents=True)
        (root / name).touch()
    return root


def test_images_are_found_in_natural_order(tmp_path: Path) -> None:
    names = ["b/10.PNG", "b/9.jpg", "a.tif", "c.TIFF", "x.jpeg", "y.bmp"]
    ignored = [".hidden.png", ".git/a.png", "__MACOSX/a.png", "b/._9.jpg", "notes.txt", "labels.csv"]
    found = find_images(touched(tmp_path, *names, *ignored))
    assert found.paths == ("a.tif", "b/9.jpg", "b/10.PNG", "c.TIFF", "x.jpeg", "y.bmp")
    assert (found.skipped, found.notes) == ((), ())


def test_no_image(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataFileError, match="holds no PNG, JPEG, BMP or TIFF image"):
        find_images(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes only on Linux")
def test_a_name_that_is_not_utf8_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    for name in (b"/\xff.png", b"/\xff.zvi"):
        Path(os.fsdecode(os.fsencode(tmp_path) + name)).touch()
    found = find_images(tmp_path)
    assert found.paths == ("a.png",)
    assert found.skipped[0].reason == "its name is not UTF-8: rename it"
    found.skipped[1].source.encode()


def written(path: Path, ending: str) -> None:
    path.write_bytes(cv2.imencode(ending, GREY)[1].tobytes())


@pytest.mark.parametrize(
    "name", ["1.jpe", "2.JFIF", "3.jif", "4.dib", "5.btf", "6.lsm", "7", "8.photo", "9.dat", "insitu1.image", "a.svs"]
)
@pytest.mark.parametrize("kind", [".png", ".jpg", ".bmp", ".tif"])
def test_what_a_file_holds_decides(name: str, kind: str, tmp_path: Path) -> None:
    written(tmp_path / name, kind)
    assert find_images(tmp_path).paths == (name,)


OTHERS = {
    "a.webp": "WebP", "b.gif": "GIF", "c.jp2": "JPEG 2000", "d.heic": "HEIC", "e.avif": "AVIF", "f.ndpi": "NDPI",
    "g.lof": "LOF", "h.ims": "IMS", "i.zvi": "ZVI", "j.vsi": "VSI", "k.oib": "OIB", "l.svs": "SVS", "m.IMS": "IMS",
    "n.psd": "Photoshop's format",
    "o.cr2": "a camera's raw file (CR2)", "p.nef": "a camera's raw file (NEF)", "q.oir": "OIR", "r.tga": "TGA",
}  # fmt: skip


def test_pictures_that_are_not_read_are_counted_and_named(tmp_path: Path) -> None:
    written(tmp_path / "good.png", ".png")
    found = find_images(touched(tmp_path, *OTHERS))
    assert found.paths == ("good.png",)
    assert [skipped.source for skipped in found.skipped] == sorted(OTHERS, key=str.lower)
    for skipped in found.skipped:
        assert f"but {OTHERS[skipped.source]}: " in skipped.reason
    assert found.notes[0].startswith(f"{len(OTHERS)} file(s) of kinds that are not read were left out: ")
    assert "IMS (2)" in found.notes[0]
    assert "Fiji (Bio-Formats) or bfconvert" in found.notes[0]


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"RIFF\1\0\0\0WEBPVP8 ", "WebP"),
        (b"GIF89a", "GIF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypavif", "AVIF"),
        (b"\0\0\0\x18ftypmif1", "HEIC"),
        (b"ZISRAWFILE" + bytes(50), "CZI"),
        (b"\xda\xce\xbe\x0a", "ND2"),
        (b"8BPS", "Photoshop's format"),
        (b"\xff\x0a", "JPEG XL"),
        (bytes(128) + b"DICM", "DICOM"),
    ],
)
def test_other_kinds_are_known_without_their_ending(start: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "photograph").write_bytes(start)
    with pytest.raises(DataFileError, match=rf"holds no PNG.*left out: {kind} \(1\)"):
        find_images(tmp_path)


def test_a_preview_is_no_photograph(tmp_path: Path) -> None:
    """VSI and raw files of cameras begin as a TIFF, which shows a thumbnail."""
    for name in ("a.vsi", "b.nef", "c.dng"):
        written(tmp_path / name, ".tif")
    with pytest.raises(DataFileError, match=r"NEF\) \(1\)"):
        find_images(tmp_path)


def test_texts_and_half_copies_are_passed_over(tmp_path: Path) -> None:
    for name in ("a.png.part", "b.jpg~", "c.bmp.bak", "d.tif.tmp"):
        written(tmp_path / name, ".png")
    (tmp_path / "notes").write_text("BM is short for Benjamin Miller, who took these photographs in 1998.")
    (tmp_path / "empty").touch()
    written(tmp_path / "good.png", ".png")
    found = find_images(tmp_path)
    assert (found.paths, found.skipped, found.notes) == (("good.png",), (), ())


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")
def test_pipes_are_not_waited_for_and_links_are_told(tmp_path: Path) -> None:
    written(tmp_path / "good.png", ".png")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "elsewhere").symlink_to(tmp_path.parent)
    found = find_images(tmp_path)
    assert found.paths == ("good.png",)
    assert found.notes == ("1 folder(s) are links and were not entered (elsewhere): name them as SOURCE",)


def test_chunks_of_a_zarr_are_no_images(tmp_path: Path) -> None:
    written(tmp_path / "good.png", ".png")
    (tmp_path / "a.zarr").mkdir()
    written(tmp_path / "a.zarr" / "0", ".png")
    found = find_images(tmp_path)
    assert found.paths == ("a.zarr", "good.png")
    assert (found.skipped, found.notes) == ((), ())


def test_files_of_microscopes_are_found(tmp_path: Path) -> None:
    names = ["a.czi", "b.LIF", "c.nd2", "d/e.zarr/zarr.json", "f/.zgroup", "f/0/.zarray"]
    assert find_images(touched(tmp_path, *names)).paths == ("a.czi", "b.LIF", "c.nd2", "d/e.zarr", "f")


@pytest.mark.parametrize("name", ["a.ozx", "b.ome.zarr.zip"])
def test_a_zipped_zarr_is_to_be_unzipped(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="a zipped OME-Zarr"):
        find_images(touched(tmp_path, name))
    written(tmp_path / "good.png", ".png")
    assert find_images(tmp_path).skipped[0].reason.endswith("unzip it into a folder whose name ends in .zarr")
