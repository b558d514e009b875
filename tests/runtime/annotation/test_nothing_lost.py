"""Kills, full disks, forbidden folders, shares that vanish, stores and models that change between two runs."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from lsl_runtime import Model, annotate
from lsl_runtime.annotation import run
from lsl_runtime.annotation.lock import _host, lock_path
from lsl_runtime.annotation.parts import PartFiles
from lsl_shared import AnnotationsError, annotations_path
from tests.support.places import ROOT

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def kills() -> ModuleType:
    """The benchmark that kills runs."""
    path = ROOT / "tools" / "bench" / "kills.py"
    spec = importlib.util.spec_from_file_location("kills", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kills"] = module
    spec.loader.exec_module(module)
    return module


class StopError(Exception):
    """Ends a run from its progress."""


def _stop_after(images: int) -> Callable[[int], None]:
    left = [images]

    def passed(count: int) -> None:
        left[0] -= count
        if left[0] < 0:
            raise StopError

    return passed


def test_kills_at_random_moments(make_store: Make, make_bundle: Make, tmp_path: Path, kills: ModuleType) -> None:
    bundle, folder = make_bundle(), tmp_path / "killed"
    folder.mkdir()
    store = make_store(700, path=folder / "store.h5", chunk=50)
    assert kills.kill_again_and_again(store, bundle, 4, random.Random(1)) == []


_LIMITED = """
import resource, sys
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), hard))
from lsl_runtime.annotation.cli import main
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="no limits of file sizes on Windows")
def test_full_disk_at_each_writing_step(
    make_store: Make, make_bundle: Make, tmp_path: Path, kills: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, model = make_store(700, chunk=50), Model.load(make_bundle())
    target, whole = annotations_path(store), tmp_path / "whole.h5"
    sizes: dict[str, int] = {}

    def passed(count: int) -> None:
        sizes["lock"] = lock_path(whole).stat().st_size
        sizes["record"] = (PartFiles(whole, ("",), 1).folder / "run.json").stat().st_size

    def joined(*arguments: object, **settings: object) -> None:
        sizes["part"] = max(path.stat().st_size for path in PartFiles(whole, ("",), 1).folder.glob("part-*"))

    monkeypatch.setattr(run, "join_parts", joined)
    with pytest.raises(AnnotationsError):
        annotate(store, model, out=whole, saliency=True, on_progress=passed)
    monkeypatch.undo()
    annotate(store, model, out=whole, saliency=True)
    assert sizes["lock"] < sizes["record"] < sizes["part"] < whole.stat().st_size
    finished_parts = []
    for limit in (0, sizes["lock"], sizes["record"] + 100, sizes["part"]):
        done = subprocess.run(
            [sys.executable, "-c", _LIMITED, str(limit), store, "--saliency", "--model", model.path],
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        error = done.stderr.strip().splitlines()[-1]
        assert error.startswith("error: ") and "File too large" in error and "make room in" in error
        assert not target.exists() and not lock_path(target).exists()
        assert not list(tmp_path.rglob("*.tmp"))
        finished_parts.append(len(list(PartFiles(target, ("",), 1).folder.glob("part-*"))))
    assert finished_parts == [0, 0, 0, 3]
    assert annotate(store, model, saliency=True).resumed == 700
    assert kills.difference(target, whole) == ""


@pytest.fixture
def forbidden(make_store: Make) -> Iterator[Path]:
    """A store in a folder where nothing can be written."""
    store = make_store(20)
    folder = store.parent / "forbidden"
    folder.mkdir()
    store = store.rename(folder / "store.h5")
    folder.chmod(0o555)
    if os.access(folder, os.W_OK):
        folder.chmod(0o755)
        pytest.skip("this user may write anywhere")
    yield store
    folder.chmod(0o755)


def _told_out(store: Path, model: Model, out: Path) -> None:
    with pytest.raises(AnnotationsError, match=r"cannot be written \(.*\).*choose another place with --out"):
        annotate(store, model)
    assert [path.name for path in store.parent.iterdir()] == ["store.h5"]
    assert annotate(store, model, out=out).images == 20


def test_read_only_folder(forbidden: Path, make_bundle: Make, tmp_path: Path) -> None:
    _told_out(forbidden, Model.load(make_bundle()), tmp_path / "elsewhere" / "a.h5")


def test_read_only_disk(make_store: Make, make_bundle: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").mkdir()
    store, model = make_store(20, path=tmp_path / "disk" / "store.h5"), Model.load(make_bundle())
    write_text = Path.write_text

    def refuse(path: Path, *arguments: str, **settings: str) -> int:
        if path.parent == store.parent:
            raise OSError(30, os.strerror(30), str(path))
        return write_text(path, *arguments, **settings)

    monkeypatch.setattr(Path, "write_text", refuse)
    _told_out(store, model, tmp_path / "elsewhere" / "a.h5")


def test_folder_that_vanishes_for_a_second(
    make_store: Make, make_bundle: Make, tmp_path: Path, kills: ModuleType
) -> None:
    store, model = make_store(700, chunk=50), Model.load(make_bundle())
    share = tmp_path / "share"
    share.mkdir()
    timers: list[threading.Timer] = []

    def vanish(count: int) -> None:
        if not timers:
            away = share.rename(tmp_path / "away")
            timers.append(threading.Timer(1.0, lambda: away.rename(share)))
            timers[0].start()

    done = annotate(store, model, out=share / "a.h5", on_progress=vanish)
    timers[0].join()
    whole = annotate(store, model)
    assert kills.difference(done.path, whole.path) == ""
    assert [path.name for path in share.iterdir()] == ["a.h5"]


def test_run_ended_by_its_progress_keeps_its_parts(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(700, chunk=50), Model.load(make_bundle())
    with pytest.raises(StopError):
        annotate(store, model, on_progress=_stop_after(510))
    assert not annotations_path(store).exists() and not lock_path(annotations_path(store)).exists()
    assert annotate(store, model).resumed == 500


def test_store_replaced_between_two_runs_is_refused(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store, model = make_store(700, chunk=50), Model.load(make_bundle())
    with pytest.raises(StopError):
        annotate(store, model, on_progress=_stop_after(510))
    make_store(700, chunk=50, seed=9)
    for restart in (False, True):
        with pytest.raises(AnnotationsError, match=r"holds parts of another store.*delete the folder, or choose --out"):
            annotate(store, model, restart=restart)
    assert annotate(store, model, out=tmp_path / "new.h5").resumed == 0


def test_model_replaced_between_two_runs_needs_restart(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store, model = make_store(700, chunk=50), Model.load(make_bundle())
    with pytest.raises(StopError):
        annotate(store, model, on_progress=_stop_after(510))
    other = Model.load(make_bundle(tmp_path / "other", gain=4.0))
    with pytest.raises(AnnotationsError, match=r"holds parts made by another model \(.*\); add --restart"):
        annotate(store, other)
    assert annotate(store, model).resumed == 500
    assert annotate(store, other, restart=True).resumed == 0


def test_what_a_run_killed_in_clearing_up_left_is_cleared(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    target = annotations_path(store)
    folder = PartFiles(target, ("",), 1).folder
    with pytest.raises(StopError):
        annotate(store, model, on_progress=_stop_after(10))
    record = (folder / "run.json").read_text()
    annotate(store, model)
    folder.mkdir()
    (folder / "run.json").write_text(record)
    (folder / ".part.tmp").write_text("half")
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    holder = {"host": _host(), "process": int(dead.stdout), "since": "", "started": "", "token": "x"}
    lock_path(target).write_text(json.dumps(holder))
    before = target.stat().st_mtime_ns
    assert annotate(store, model).resumed == 60
    assert target.stat().st_mtime_ns == before
    assert not folder.exists() and not lock_path(target).exists()
