"""`import` and `standardize` read the same pictures, tell the same, and leave out the same, with exit code 3."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from lsl_shared.files.store import Store
from lsl_tools.cli import app
from lsl_tools.demo.scene import Scene

COMMANDS = ("import", "standardize")


def run(command: str, source: Path, target: Path, *options: str) -> Result:
    words = [command, str(source), str(target), "--size", "128x320", *options]
    return CliRunner().invoke(app, words + (["--no-orient", "--workers", "1"] if command == "standardize" else []))


@pytest.fixture
def photograph(scene: Callable[..., Scene]) -> np.ndarray:
    """A photograph that standardizes without flags, uint8 (H, W, 3), RGB."""
    return scene(0).photograph


def encoded(ending: str, picture: np.ndarray) -> bytes:
    return cv2.imencode(ending, picture[..., ::-1] if picture.ndim == 3 else picture)[1].tobytes()


def images(target: Path) -> dict[str, np.ndarray]:
    with Store(target) as store:
        return dict(zip(store.sources.tolist(), store.read(0, len(store)), strict=True))


READ = {
    "1.jpe": ".jpg", "2.jfif": ".jpg", "3.jif": ".jpg", "4.dib": ".bmp", "5.btf": ".tif", "6.lsm": ".tif", "7": ".png",
    "8.JPE": ".jpg", "9.photo": ".tif", "10.jpg": ".png",
}  # fmt: skip
LEFT_OUT = {
    "a.webp": (b"RIFF\0\0\0\0WEBP", "WebP"),
    "b.czi": (b"ZISRAWFILE" + bytes(500), "CZI"),
    "b.oir": (b"OLYMPUSRAWFORMAT", "OIR"),
    "c.gif": (b"GIF89a", "GIF"),
    "d": (b"\0\0\0\x18ftypheic", "HEIC"),
    "e.nd2": (b"\xda\xce\xbe\x0a", "ND2"),
    "f.png": (b"GIF89a", "GIF"),
    "g.lif": (b"\x70\0\0\0", "LIF"),
    "h.jp2": (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_file_holds_decides(command: str, photograph: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    for name, ending in READ.items():
        (tmp_path / "p" / name).write_bytes(encoded(ending, photograph))
    result = run(command, tmp_path / "p", tmp_path / "s.h5")
    assert result.exit_code == 0, result.output
    assert set(images(tmp_path / "s.h5")) == set(READ)


@pytest.mark.parametrize("command", COMMANDS)
def test_others_are_counted_and_named(command: str, photograph: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "good.jpe").write_bytes(encoded(".jpg", photograph))
    for name, (start, _) in LEFT_OUT.items():
        (tmp_path / "p" / name).write_bytes(start)
    result = run(command, tmp_path / "p", tmp_path / "s.h5")
    assert result.exit_code == 3
    assert list(images(tmp_path / "s.h5")) == ["good.jpe"]
    for name, (_, kind) in LEFT_OUT.items():
        line = next(line for line in result.stdout.splitlines() if f" {name}: is " in line)
        assert kind in line
        assert "save it as" in line or "pip install 'lsl-toolkit[" in line
    assert (
        "note: 5 file(s) of kinds that are not read were left out: GIF (1), HEIC (1), JPEG 2000 (1)," in result.stdout
    )
    assert "Fiji (Bio-Formats) or bfconvert" in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", LEFT_OUT)
def test_nothing_but_others(command: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / name).write_bytes(LEFT_OUT[name][0])
    for source in (tmp_path / "p", tmp_path / "p" / name):
        result = run(command, source, tmp_path / "s.h5")
        assert result.exit_code == 1
        assert result.stdout == ""
        if command == "standardize" or name != "f.png" or source.is_dir():
            assert LEFT_OUT[name][1] in result.stderr
        assert not (tmp_path / "s.h5").exists()


@pytest.mark.parametrize("name", ["1.jpe", "2.JFIF", "photograph"])
def test_one_photograph(name: str, photograph: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(encoded(".jpg", photograph))
    assert run("standardize", tmp_path / name, tmp_path / "s.h5").exit_code == 0


def test_one_photograph_of_another_kind_among_rows_of_a_table(photograph: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "1.jpe").write_bytes(encoded(".jpg", photograph))
    (tmp_path / "2.czi").write_bytes(b"ZISRAWFILE")
    (tmp_path / "3.lif").write_bytes(b"?")
    (tmp_path / "t.csv").write_text("file,gene\n1.jpe,Dl\n2.czi,Dl\n3.lif,Dl\n")
    for command in COMMANDS:
        result = run(command, tmp_path / "t.csv", tmp_path / f"{command}.h5")
        assert result.exit_code == 3
        assert "2.czi: is damaged, or a CZI of a kind that cannot be read" in result.stdout
        assert "3.lif: is damaged, or a LIF of a kind that cannot be read" in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("ending", [".tif", ".png"])
def test_cameras_of_ten_to_sixteen_bits_give_the_same_picture(
    command: str, ending: str, grey: bool, photograph: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "p").mkdir()
    picture = photograph[..., 0] if grey else photograph
    (tmp_path / "p" / "8.png").write_bytes(encoded(".png", picture))
    for bits in (10, 12, 14, 16):
        deep = np.round(picture * ((2**bits - 1) / 255)).astype(np.uint16)
        (tmp_path / "p" / f"{bits}{ending}").write_bytes(encoded(ending, deep))
    result = run(command, tmp_path / "p", tmp_path / "s.h5")
    assert result.exit_code == 0, result.output
    stored = images(tmp_path / "s.h5")
    for bits in (10, 12, 14, 16):
        np.testing.assert_array_equal(stored[f"{bits}{ending}"], stored["8.png"])
    for bits in (10, 12, 14):
        assert (
            f"16 bits of which at most {bits} are used: {2**bits - 1} becomes white ({bits}{ending})" in result.stdout
        )


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_png_lies_as_its_exif_says(command: str, orientation: int, photograph: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    turned = {  # what is stored, so that a viewer shows the photograph
        2: np.fliplr(photograph), 3: np.rot90(photograph, 2), 4: np.flipud(photograph), 5: photograph.swapaxes(0, 1),
        6: np.rot90(photograph), 7: np.rot90(photograph, 2).swapaxes(0, 1), 8: np.rot90(photograph, -1),
    }[orientation]  # fmt: skip
    exif = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)
    data = encoded(".png", np.ascontiguousarray(turned))
    (tmp_path / "p" / "turned.png").write_bytes(data[:33] + chunk(b"eXIf", exif) + data[33:])
    (tmp_path / "p" / "upright.png").write_bytes(encoded(".png", photograph))
    assert run(command, tmp_path / "p", tmp_path / "s.h5").exit_code == 0
    stored = images(tmp_path / "s.h5")
    np.testing.assert_array_equal(stored["turned.png"], stored["upright.png"])


@pytest.mark.parametrize("command", COMMANDS)
def test_gamma_pages_and_composites_are_told(command: str, photograph: np.ndarray, tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    (tmp_path / "p").mkdir()
    data = encoded(".png", photograph)
    linear = data[:33] + chunk(b"gAMA", struct.pack(">I", 100_000)) + data[33:]
    (tmp_path / "p" / "linear.png").write_bytes(linear)
    planes = np.ascontiguousarray(np.moveaxis(photograph, 2, 0))
    tifffile.imwrite(tmp_path / "p" / "fiji.tif", planes, imagej=True, metadata={"axes": "CYX", "mode": "composite"})
    tifffile.imwrite(tmp_path / "p" / "pages.tif", np.stack([photograph] * 2), photometric="rgb", metadata=None)
    result = run(command, tmp_path / "p", tmp_path / "s.h5")
    assert result.exit_code == 0, result.output
    assert "note: 1 image(s) with a gamma of 1 in place of 0.45455" in result.stdout
    assert "note: 1 image(s) with three pages, taken as red, green and blue (fiji.tif)" in result.stdout
    assert "note: 1 image(s) with several pages: the first is taken (pages.tif)" in result.stdout
    stored = images(tmp_path / "s.h5")
    for name in ("fiji.tif", "pages.tif"):
        np.testing.assert_array_equal(stored[name], stored["linear.png"])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("packing", ["jpeg2000", "jpegxl", "png", "zstd", "lerc", "lzma"])
def test_packings_that_opencv_does_not_know(command: str, packing: str, photograph: np.ndarray, tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    pytest.importorskip("imagecodecs")
    (tmp_path / "p").mkdir()
    tifffile.imwrite(tmp_path / "p" / "packed.tif", photograph, photometric="rgb", compression=packing)
    (tmp_path / "p" / "plain.png").write_bytes(encoded(".png", photograph))
    assert run(command, tmp_path / "p", tmp_path / "s.h5").exit_code == 0
    stored = images(tmp_path / "s.h5")
    np.testing.assert_array_equal(stored["packed.tif"], stored["plain.png"])
