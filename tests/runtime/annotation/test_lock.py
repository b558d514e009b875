from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from lsl_runtime import Model, annotate
from lsl_runtime.annotation.lock import Holder, lock_path, run_lock
from lsl_shared import AnnotationsError

Make = Callable[..., Path]

_HOLD = """
import sys, time
from pathlib import Path
from lsl_runtime.annotation.lock import run_lock
with run_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def _held_by_another(target: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", _HOLD, target], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_lock_is_there_during_the_run_alone(tmp_path: Path) -> None:
    with run_lock(tmp_path / "a.h5"):
        assert json.loads(lock_path(tmp_path / "a.h5").read_text())["process"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_lock_is_released_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), run_lock(tmp_path / "a.h5"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_second_run_is_told_who_holds_it(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(20), Model.load(make_bundle())
    target = store.with_name("store.annotations.h5")
    with _held_by_another(target) as other:
        holder = json.loads(lock_path(target).read_text())
        host = holder["host"].split("/")[0]
        told = rf"is being made by process {other.pid} on {host} since {holder['since'][:10]}"
        with pytest.raises(AnnotationsError, match=told):
            annotate(store, model)
        other.kill()
    assert annotate(store, model).images == 20  # a killed process holds nothing
    assert not lock_path(target).exists()


def test_process_of_the_same_number_that_began_later_holds_nothing(tmp_path: Path) -> None:
    path = lock_path(tmp_path / "a.h5")
    with run_lock(tmp_path / "a.h5"):
        mine = Holder(**json.loads(path.read_text()))
    if not mine.started:
        pytest.skip("this system does not tell when a process began")
    path.write_text(json.dumps(asdict(replace(mine, started="another boot:1"))))
    with run_lock(tmp_path / "a.h5"):
        assert Holder(**json.loads(path.read_text())).started == mine.started


def test_lock_of_another_machine_is_believed(tmp_path: Path) -> None:
    path = lock_path(tmp_path / "a.h5")
    path.write_text(json.dumps(asdict(Holder("cluster7/pid:[1]", 4, "2026-01-02T03:04:05+00:00", "", "x"))))
    with pytest.raises(AnnotationsError, match=r"process 4 on cluster7 since 2026-01-02.*delete a\.lock"):
        run_lock(tmp_path / "a.h5").__enter__()
    assert path.exists()


@pytest.mark.parametrize("text", ["", "{", '{"host": 1}'])
def test_damaged_lock_is_believed(tmp_path: Path, text: str) -> None:
    lock_path(tmp_path / "a.h5").write_text(text)
    with pytest.raises(AnnotationsError, match=r"unknown machine .*delete a\.lock"):
        run_lock(tmp_path / "a.h5").__enter__()


def test_lock_on_a_share_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*paths: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with run_lock(tmp_path / "a.h5"):
        with pytest.raises(AnnotationsError, match=f"process {os.getpid()} "):
            run_lock(tmp_path / "a.h5").__enter__()
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []
