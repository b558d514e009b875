"""Every command, given what it cannot use: one or two plain lines, exit code 1, and nothing written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
from typer.testing import CliRunner, Result

from lsl_runtime.annotation import cli as annotate_cli
from lsl_runtime.evaluation import cli as evaluate_cli
from lsl_runtime.gem import cli as gem_cli

Make = Callable[..., Path]

APPS = {"annotate": annotate_cli.app, "gem": gem_cli.app, "evaluate": evaluate_cli.app}
KINDS = ("missing", "folder", "text", "truncated", "empty", "foreign", "newer")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def spoil(path: Path, kind: str) -> None:
    """Puts something else in the place of a good HDF5 file."""
    whole = path.read_bytes()
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("id,stage\n1,4\n")
    elif kind == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "foreign":
        with h5py.File(path, "w") as file:
            file["data"] = [1, 2, 3]
    elif kind == "newer":
        path.write_bytes(whole)
        with h5py.File(path, "r+") as file:
            file.attrs["version"] = 99


def run(command: str, *arguments: str) -> Result:
    stage = ["--stage", "4"] if command == "gem" else []
    return CliRunner().invoke(APPS[command], [*arguments, *stage])


def contents(folder: Path) -> dict[Path, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in files}


def refused(result: Result, *told: str) -> None:
    assert result.exit_code == 1, result.output
    lines = result.stderr.strip().splitlines()
    assert 1 <= len(lines) <= 2 and lines[0].startswith("error: "), result.stderr
    assert "Traceback" not in result.output and "unexpected" not in result.output
    for text in told:
        assert text in result.stderr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", APPS)
def test_store(command: str, kind: str, make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store = make_store(20)
    make_bundle()
    spoil(store, kind)
    before = contents(tmp_path)
    refused(run(command), "store.h5")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("kind", KINDS)
def test_annotations_of_a_gem(kind: str, make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    make_store(20), make_bundle()
    assert run("annotate").exit_code == 0
    spoil(tmp_path / "store.annotations.h5", kind)
    before = contents(tmp_path)
    refused(run("gem"), "store.annotations.h5")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "missing"])
def test_something_else_where_annotations_go(kind: str, make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    make_store(20), make_bundle()
    assert run("annotate").exit_code == 0
    spoil(tmp_path / "store.annotations.h5", kind)
    before = contents(tmp_path)
    refused(run("annotate"), "store.annotations.h5")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "truncated", "empty"])
@pytest.mark.parametrize("name", ["manifest.json", "classifier.onnx", "saliency.onnx"])
@pytest.mark.parametrize("command", APPS)
def test_bundle(command: str, name: str, kind: str, make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    make_store(20), make_bundle()
    if command == "gem":
        assert run("annotate").exit_code == 0
    spoil(tmp_path / "runs" / "1" / "model" / name, kind)
    before = contents(tmp_path)
    extra = ["--saliency"] if command == "annotate" else ["--all"] if command == "evaluate" else []
    result = run(command, "--model", "runs/1/model", *extra)
    if command == "evaluate" and name == "saliency.onnx" and kind in ("text", "truncated", "empty"):
        assert result.exit_code == 0  # this command does not run it
    else:
        refused(result)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("command", ["annotate", "evaluate"])
def test_no_run_to_take_a_model_from(command: str, make_store: Make, tmp_path: Path) -> None:
    make_store(20)
    refused(run(command), "no finished run here", "lsl-train")
    assert [path.name for path in tmp_path.iterdir()] == ["store.h5"]


def test_no_store_says_what_makes_one() -> None:
    refused(run("annotate"), "store.h5: no such file", "lsl-store demo")


@pytest.mark.parametrize("command", APPS)
def test_external_image_data_is_refused(command: str, make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store = make_store(20)
    make_bundle()
    (tmp_path / "secret").write_bytes(bytes(20 * 16 * 40 * 3))
    with h5py.File(store, "r+") as file:
        del file["images"]
        file.create_dataset("images", (20, 16, 40, 3), "u1", external=[(str(tmp_path / "secret"), 0, 20 * 16 * 40 * 3)])
    refused(run(command), "images", "refused")


def test_gem_of_annotations_without_maps_and_model(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    make_store(20)
    bundle = make_bundle()
    assert run("annotate").exit_code == 0
    bundle.rename(tmp_path / "moved")
    before = contents(tmp_path)
    refused(run("gem"), "--model BUNDLE")
    assert contents(tmp_path) == before
