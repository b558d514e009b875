"""Places where nothing can be written, and disks that fill up: one plain line, before the work if possible."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import lsl_runtime.annotation.cli
import lsl_runtime.evaluation.cli
import lsl_runtime.gem.cli
import lsl_tools.cli
import lsl_trainer.cli
import lsl_trainer.comparing.cli
from lsl_runtime import Model, annotate
from tests.support.bands import write_bundle, write_store

pytestmark = pytest.mark.skipif(os.name == "nt", reason="other places, and no limits of file sizes")

APPS = {
    "lsl-store": lsl_tools.cli.app,
    "lsl-train": lsl_trainer.cli.app,
    "lsl-compare": lsl_trainer.comparing.cli.app,
    "lsl-annotate": lsl_runtime.annotation.cli.app,
    "lsl-gem": lsl_runtime.gem.cli.app,
    "lsl-evaluate": lsl_runtime.evaluation.cli.app,
}
COMMANDS = {
    "demo": "lsl-store demo {}.h5 --images 20",
    "import": "lsl-store import pictures {}.h5",
    "import a stack": "lsl-store import own.h5 {}.h5",
    "import a .npz": "lsl-store import own.npz {}.h5",
    "standardize": "lsl-store standardize pictures {}.h5 --keep-flagged",
    "annotate": "lsl-annotate store.h5 --out {}.annotations.h5 --saliency",
    "a shard": "lsl-annotate store.h5 --out {}.annotations.h5 --shard 1/2",
    "a CSV": "lsl-annotate store.h5 --csv {}.csv",
    "maps": "lsl-gem store.h5 --stage all --no-masked --out {}",
    "evaluate": "lsl-evaluate store.h5 --all --json {}.json",
    "suggest": "lsl-store suggest store.h5 --out {}.csv",
    "sheet": "lsl-store sheet store.h5 --out {}.html",
    "a sheet as picture": "lsl-store sheet store.h5 --out {}.png",
    "fetch": "lsl-store fetch-bdgp list.csv {} --from http://127.0.0.1:9",
    "train": "lsl-train store.h5 --out {}",
    "compare": "lsl-compare store.h5 --out {}",
}
WRITES = [name for name in COMMANDS if name not in ("fetch", "train", "compare")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the commands read."""
    folder = tmp_path_factory.mktemp("made")
    store, generator = write_store(folder / "store.h5"), np.random.default_rng(0)
    annotate(store, Model.load(write_bundle(folder / "runs" / "1" / "model")), features=True)
    (folder / "pictures").mkdir()
    for number in range(4):
        picture = np.full((200, 300, 3), 235, np.uint8)
        cv2.ellipse(picture, (150, 100), (110, 45), 0, 0, 360, (150 - 9 * number, 140, 130), -1)
        noisy = np.clip(picture + generator.normal(0, 9, picture.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / "pictures" / f"{number}.png"), noisy)
    stack = generator.integers(0, 256, (40, 64, 64, 3), dtype=np.uint8)
    with h5py.File(folder / "own.h5", "w") as file:
        file["images"] = stack
    np.savez(folder / "own.npz", images=stack)
    (folder / "list.csv").write_text("1,eve,CG2328,FBgn0000606,RE1,a/b.jpe,4,lateral,,\n")
    (folder / "file").touch()
    return folder


@pytest.fixture
def run(made: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Runs a command that fails; returns all that it says."""
    monkeypatch.chdir(made)

    def failing(line: str) -> str:
        command, *words = line.split(" ")
        result = CliRunner().invoke(APPS[command], words)
        assert result.exit_code == 1, result.output
        return str(result.output)

    return failing


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("place", ["file/new", "/proc/new", "n" * 300])
def test_the_place_is_tried_before_the_work(
    run: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, name: str, place: str
) -> None:
    def worked(*arguments: object, **settings: object) -> None:
        raise AssertionError("the work was begun")

    for work in (
        "lsl_tools.demo.store.render_plan", "lsl_tools.importing.decode.decode_image",
        "lsl_tools.stacks.prepared.PreparedStack.pictures", "lsl_tools.standardize.worker.in_order",
        "lsl_runtime.model.graphs.Graphs.classify", "lsl_runtime.model.graphs.Graphs.explain",
        "lsl_tools.fetching.download.Downloader.fetch", "lsl_trainer.data.load.load_images",
    ):  # fmt: skip
        monkeypatch.setattr(work, worked)
    told = run(COMMANDS[name].format(place)).splitlines()[-1]
    assert told.startswith(f"error: {place}"), told
    assert any(why in told for why in ("Not a directory", "No such file or directory", "File name too long")), told
    assert "unexpected" not in told
    assert ".tmp" not in told


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Files beyond a size are refused, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("size", [0, 500])
def test_a_full_disk_is_told_in_one_line(
    run: Callable[[str], str], tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, size: int
) -> None:
    target = tmp_path / "new"
    with largest_file(size):
        told = run(COMMANDS[name].format(target))
    error = told.splitlines()[-1]
    assert error.startswith("error: "), told
    assert "File too large" in error, told
    assert "unexpected" not in error
    said = told + capfd.readouterr().err
    assert ".tmp" not in said
    assert "Traceback" not in said
    assert not list(tmp_path.rglob("*.tmp"))
