from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from lsl_shared.files.store import Store
from lsl_shared.files.store_writer import StoreWriter
from lsl_tools.cli import app

MakeFolder = Callable[..., Path]


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def a_store(path: Path) -> Path:
    with StoreWriter(path, 64, 64) as writer:
        for place in range(3):
            noise = np.random.default_rng(place).integers(0, 256, (64, 64, 3), dtype=np.uint8)
            writer.append(noise, id=str(place), gene="Dl", split="train")
    return path


def missing(path: Path) -> None:
    pass


def a_folder(path: Path) -> None:
    path.mkdir()


def a_text(path: Path) -> None:
    path.write_text("file,stage\n1.png,9\n")


def truncated(path: Path) -> None:
    a_store(path)
    path.write_bytes(path.read_bytes()[:3000])


def empty(path: Path) -> None:
    path.touch()


def foreign(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = np.zeros(3)


def newer(path: Path) -> None:
    a_store(path)
    with h5py.File(path, "a") as file:
        file.attrs["version"] = 2


BAD = [missing, a_folder, a_text, truncated, empty, foreign, newer]


def everything(root: Path) -> dict[str, bytes | None]:
    """All that lies below a folder, with the files' bytes."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(root.rglob("*"))}


@pytest.mark.parametrize("command", ["info", "check"])
@pytest.mark.parametrize("make", BAD)
def test_bad_stores_end_in_two_plain_lines(command: str, make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "store.h5"
    make(path)
    before = everything(tmp_path)
    result = run(command, path)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {path}: ")
    assert result.stderr.count("\n") <= 2
    assert "Traceback" not in result.stderr
    assert everything(tmp_path) == before


@pytest.mark.parametrize("make", [missing, truncated, empty, foreign, a_text])
def test_bad_sources_make_nothing(make: Callable[[Path], None], tmp_path: Path) -> None:
    source = tmp_path / "source.h5"
    make(source)
    before = everything(tmp_path)
    result = run("import", source, tmp_path / "new" / "store.h5")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {source}: ")
    assert everything(tmp_path) == before


@pytest.mark.parametrize("command", [["demo"], ["import", "source"]])
@pytest.mark.parametrize("make", [a_folder, a_text, foreign])
def test_a_target_that_exists_is_kept(
    command: list[str],
    make: Callable[[Path], None],
    folder: MakeFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    folder("1.png")
    make(tmp_path / "store.h5")
    before = everything(tmp_path)
    result = run(*command)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: store.h5: ")
    assert everything(tmp_path) == before


def test_a_target_in_a_folder_that_cannot_be_made(folder: MakeFolder, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("import", folder("1.png"), tmp_path / "file" / "store.h5")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert "unexpected" not in result.stderr


def test_import_tells_what_it_made_and_what_comes_next(
    folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder("oaks/robur/1.png", "palms/areca/2.png")
    result = run("import", "source", "--task", "family", "--task", "species:family")
    assert result.exit_code == 0, result.stderr
    assert "store.h5: 2 images of 12 × 16" in result.stdout
    assert "task species: 2 classes, 2 images labelled, 0 not" in result.stdout
    assert result.stdout.splitlines()[-1] == "next: lsl-train store.h5 --fine species --coarse family"
    assert "importing: 2 images" in result.stderr


def test_skipped_pictures_make_exit_code_3(folder: MakeFolder, tmp_path: Path) -> None:
    root = folder("oak/1.png")
    (root / "oak" / "2.png").write_text("no picture")
    result = run("import", root, tmp_path / "store.h5")
    assert result.exit_code == 3
    assert "skipped: oak/2.png: is not a PNG" in result.stdout
    with Store(tmp_path / "store.h5") as store:
        assert len(store) == 1


@pytest.mark.parametrize("words", [["--size", "64"], ["--size", "axb"], ["--task", "a:a"], ["--task", "No"]])
def test_bad_options_are_errors_of_ours(folder: MakeFolder, tmp_path: Path, words: list[str]) -> None:
    result = run("import", folder("oak/1.png"), tmp_path / "store.h5", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert not (tmp_path / "store.h5").exists()


def test_size_and_overwrite(folder: MakeFolder, tmp_path: Path) -> None:
    root, target = folder("oak/1.png"), tmp_path / "store.h5"
    assert run("import", root, target).exit_code == 0
    assert run("import", root, target, "--size", "24x32").exit_code == 1
    result = run("import", root, target, "--size", "24x32", "--overwrite")
    assert result.exit_code == 0
    assert "1 of 1 images were brought to 24 × 32" in result.stdout
    with Store(target) as store:
        assert store.shape == (1, 24, 32)


def test_check_exits_1_only_for_errors(tmp_path: Path) -> None:
    path = a_store(tmp_path / "store.h5")
    result = run("check", path, "--full")
    assert result.exit_code == 0
    assert "warning: no labels" in result.stdout
    assert "SHA-256 of all content: " in result.stdout
    with h5py.File(path, "a") as file:
        file["samples/split"][0] = "test"
    result = run("check", path)
    assert result.exit_code == 1
    assert "error: 1 gene(s) straddle the stored split: Dl" in result.stdout


def test_demo_writes_a_store_that_passes_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("demo", "--images", "24", "--fine-fraction", "0.5", "--seed", "3")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "next: lsl-train store.h5 --fine stage --coarse stage_range"
    assert "truth of a demo store: stage" in result.stdout
    assert run("check").exit_code == 0
    assert run("info").exit_code == 0


@pytest.mark.parametrize("command", ["demo", "import", "info", "check"])
def test_help_teaches_with_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: lsl-store {command}" in result.stdout


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    result = run("info", tmp_path / "absent.h5", "--debug")
    assert result.exit_code == 1
    assert type(result.exception).__name__ == "StoreError"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_leaves_nothing(folder: MakeFolder, tmp_path: Path) -> None:
    root = folder(*(f"oak/{k}.png" for k in range(40)), size=(400, 500))
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "  # background jobs ignore it
    command = [
        sys.executable,
        "-c",
        heed + "from lsl_tools.cli import main; main()",
        "import",
        str(root),
        "store.h5",
    ]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 120
        while process.poll() is None and not list(tmp_path.glob(".store.h5.*")) and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted. Nothing was written." in told
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
