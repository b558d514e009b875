from __future__ import annotations

import csv
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

MakeScene = Callable[..., Scene]


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def write(path: Path, picture: np.ndarray) -> None:
    path.write_bytes(cv2.imencode(path.suffix, picture[..., ::-1])[1].tobytes())


def a_png_bomb(path: Path) -> None:
    """A PNG whose header states 60,000 × 60,000 pixels, of a few bytes."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(10_000_000))), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def test_bad_input_is_flagged_read_or_refused(scene: MakeScene, embryos: list[np.ndarray], tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    root, good = tmp_path / "photographs", scene(0).photograph
    root.mkdir()
    write(root / "black.png", np.zeros((300, 400, 3), np.uint8))
    write(root / "blank.png", np.full((300, 400, 3), 235, np.uint8))
    two = np.full((400, 507, 3), 225, np.uint8)
    small = cv2.resize(embryos[0], (300, 125))
    for top in (30, 220):
        two[top : top + 125, 100:400][small.min(axis=2) < 250] = small[small.min(axis=2) < 250]
    write(root / "two.png", two)
    columns = np.flatnonzero(scene(1).mask.any(axis=0))
    write(root / "cut.png", scene(1).photograph[:, : (columns[0] + columns[-1]) // 2])
    sixteen = good[..., ::-1].astype(np.uint16) * 257
    (root / "sixteen.tif").write_bytes(cv2.imencode(".tif", sixteen)[1].tobytes())
    image.fromarray(good).convert("CMYK").save(root / "cmyk.jpg", quality=95)
    (root / "corrupt.jpg").write_bytes(cv2.imencode(".jpg", good)[1].tobytes()[:4000])
    wide = cv2.resize(good, (2000, 1420))
    write(root / "long.png", np.hstack([wide[:60]] * 10))
    a_png_bomb(root / "bomb.png")
    result = run("standardize", root, tmp_path / "store.h5", "--workers", "1", "--no-orient")
    assert result.exit_code == 3, result.output
    assert "Traceback" not in result.output
    with (tmp_path / "store.rejects.csv").open(newline="") as file:
        reasons = {row["file"]: row["reasons"] for row in csv.DictReader(file)}
    with Store(tmp_path / "store.h5") as store:
        read = store.sources.tolist()
    assert set(read) == {"sixteen.tif", "cmyk.jpg"}
    assert reasons["black.png"] == reasons["blank.png"] == "no embryo"
    assert "several embryos" in reasons["two.png"]
    assert "cut by the frame" in reasons["cut.png"]
    assert "cut off" in reasons["corrupt.jpg"]
    assert "60000×60000 pixels" in reasons["bomb.png"]
    assert "expected at least" in reasons["long.png"]


def test_twenty_thousand_pixels_wide(scene: MakeScene, tmp_path: Path) -> None:
    made = scene(0)
    cv2.imwrite(str(tmp_path / "a.jpg"), cv2.resize(made.photograph, (4000, 2840))[..., ::-1])
    cv2.imwrite(str(tmp_path / "b.jpg"), np.full((5001, 20_000, 3), 230, np.uint8))
    result = run("standardize", tmp_path, tmp_path / "store.h5", "--workers", "1", "--no-orient")
    assert result.exit_code == 3
    assert "left out: b.jpg: has 5001×20000 pixels, at most 100 megapixels are read: scale it down" in result.stdout
    assert "store.h5: 1 of 2 photographs, 128 × 320" in result.stdout


def test_the_walk_with_labels_and_the_network(photographs: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,gene,stage_range\n0.png,Dl,4-6\n1.png,Dl,7-8\n2.png,Dif,13-16\n")
    store = tmp_path / "store.h5"
    words = ["--labels", tmp_path / "labels.csv", "--keep-flagged", "--workers", "1"]
    result = run("standardize", photographs / "good", store, *words)
    assert result.exit_code == 0, result.output
    assert f"{store}: 3 of 3 photographs, 128 × 320" in result.stdout
    assert result.stdout.splitlines()[-1] == f"next: lsl-store sheet {store}"
    with Store(store) as opened:
        likely = opened.transform("quality")[:, -2:]
        assert ((likely >= 0.5) & (likely <= 1)).all()
    assert run("check", store).exit_code == 0
    assert run("sheet", store).exit_code == 0
    assert run("standardize", photographs / "good", store).exit_code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [(["absent"], "no such file or folder"), (["--size", "axb", "."], "--size expects"), (["."], "holds no PNG")],
)
def test_bad_words_end_in_a_plain_line(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("standardize", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["standardize", "sheet"])
def test_help_teaches_with_an_example(command: str) -> None:
    assert f"Example: lsl-store {command}" in run(command, "--help").stdout
