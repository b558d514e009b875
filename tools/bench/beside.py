"""Annotating beside engines that people would take instead: Dask alone and Ray Data alone, in about thirty lines each.

    python tools/bench/beside.py STORE RUN/model [--images 2800] [--batch 64] [--ray PYTHON] [--only NAME]

Each does the same job, the classes of a store's images by an ONNX classifier, with a file a batch so that a killed run
goes on (`beside_engines/`). Each runs once to the end. Then it is killed (SIGKILL, the whole process tree) when half of
its files are there, and started again: how long until a new file is there? Prints images a second from start to end,
that time, the highest memory of the process tree (proportional set size), lines of code, and in how many images the
class is another than ours. `--ray` is a Python that has ray[data], h5py and onnxruntime. Linux only.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray
from stores import enlarged

from lsl_shared import Annotations, annotations_path

OURS = """import sys
from lsl_runtime import Model, annotate
annotate(sys.argv[1], Model.load(sys.argv[2], "cpu"))
"""
EVERY = 0.05
"""Seconds between two looks at files and memory."""


@dataclass(frozen=True)
class Engine:
    """A program that annotates."""

    command: list[str]
    folder: Path
    """Where its files of batches appear."""
    parts: str
    """The pattern of their names."""
    batch: int
    """Images in one of them."""
    classes: Callable[[], NDArray[np.integer]]
    lines: int

    def made(self) -> int:
        """How many files are there."""
        return len(list(self.folder.glob(self.parts)))


def main() -> None:
    """Parses, runs, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--images", type=int, default=2800)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--ray", type=Path)
    parser.add_argument("--only", action="append")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = enlarged(asked.store, Path(folder) / "store.h5", asked.images)
        expected: NDArray[np.integer] | None = None
        for name, engine in engines(store, asked.model, asked.batch, asked.ray).items():
            if asked.only and name not in asked.only:
                continue
            told, classes = measured(engine, store, asked.images)
            expected = classes if expected is None else expected
            differ = int((classes != expected).sum())
            print(f"{name:<10}{told}, {engine.lines} lines, {differ} classes differ from the first", flush=True)


def engines(store: Path, model: Path, batch: int, ray: Path | None) -> dict[str, Engine]:
    """Ours first, then the others."""
    ours = Engine(
        [sys.executable, "-c", OURS, str(store), str(model)], annotations_path(store).with_suffix(".parts"),
        "part-*.h5", 256, lambda: _classes(store), OURS.count("\n"),
    )  # fmt: skip
    found = {"annotate": ours}
    for name, python in (("dask", Path(sys.executable)), ("ray", ray)):
        if python is not None:
            script, out = Path(__file__).parent / "beside_engines" / f"{name}_only.py", store.with_name(name)
            command = [*map(str, (python, script, store, model / "classifier.onnx", out, batch))]
            lines = sum(bool(line.strip()) for line in script.read_text().splitlines())
            found[name] = Engine(command, out, "[0-9]*.npy", batch, partial(np.load, out / "class.npy"), lines)
    return found


def _classes(store: Path) -> NDArray[np.integer]:
    with Annotations(annotations_path(store)) as given:
        return given.class_index(next(iter(given.tasks)))


def measured(engine: Engine, store: Path, images: int) -> tuple[str, NDArray[np.integer]]:
    """What a run to the end and one that is killed take, in words; and the classes."""
    seconds, peak = to_the_end(engine)
    classes = engine.classes()
    clear(engine, store)
    half = images // engine.batch // 2
    watched(engine, lambda: engine.made() >= half)
    there = engine.made()
    first = watched(engine, lambda: engine.made() > there)
    clear(engine, store)
    told = (
        f"{images / seconds:7.1f} images/s, {first:5.2f} s to the first new file ({engine.batch} images) after a kill"
    )
    return f"{told} at {there} files, peak {peak / 1e6:.0f} MB", classes


def to_the_end(engine: Engine) -> tuple[float, int]:
    """Seconds of a whole run, and the most memory of its process tree, in bytes."""
    began, peak = time.perf_counter(), 0
    with subprocess.Popen(engine.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_memory, _tree(process.pid))))
            time.sleep(EVERY)
    if process.returncode:
        raise SystemExit(f"{engine.command} ended with {process.returncode}")
    return time.perf_counter() - began, peak


def watched(engine: Engine, until: Callable[[], bool]) -> float:
    """Starts a run and kills its process tree as soon as `until` holds; the seconds until then."""
    began = time.perf_counter()
    with subprocess.Popen(engine.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not until() and process.poll() is None:
            time.sleep(EVERY)
        seconds = time.perf_counter() - began
        for one in _tree(process.pid):
            with suppress(psutil.Error):
                one.kill()
    return seconds


def clear(engine: Engine, store: Path) -> None:
    """Removes what a run has left."""
    shutil.rmtree(engine.folder, ignore_errors=True)
    for path in store.parent.glob(f"{annotations_path(store).name}*"):
        path.unlink()


def _tree(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _memory(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_full_info().pss)
    return 0


if __name__ == "__main__":
    main()
