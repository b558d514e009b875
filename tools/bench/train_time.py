"""How long is it from `lsl-train` to the model, in this build and in an earlier one?

    git archive b020e2e | tar -x -C EARLIER
    python tools/bench/train_time.py whole STORE EARLIER OUT [--turns 3] [--seeds 0]     from the command to the bundle
    python tools/bench/train_time.py frozen STORE EARLIER OUT                             with --backbone … --freeze
    python tools/bench/train_time.py forward STORE [--images 3000]                        features against bare passes

The builds run in turn, so that other load on the machine falls on both alike: earlier, this one, earlier … Each line
has the seconds by the clock and of the processor, and how many of the test images got their true stage (demo stores)
or their label. At the end: medians, and their ratio. What stands after `--` goes to `lsl-train`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("shared", "runtime", "tools", "trainer")
WHOLE = ("--preset", "tiny", "--method", "feature-level")
FROZEN = ("--preset", "tiny", "--method", "plain", "--backbone", "efficientnet-lite0", "--freeze")


class Taken(NamedTuple):
    """What one run of a command took."""

    wall: float
    processor: float
    passes: float
    """Images a second that the steps learnt from, by the clock."""
    right: float


def main() -> None:
    """Parses, measures, prints."""
    arguments, further = _arguments()
    if arguments.what == "forward":
        _forward(arguments.store, arguments.images, arguments.turns)
    else:
        _compare(arguments, [*(WHOLE if arguments.what == "whole" else FROZEN), *further])


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("whole", "frozen", "forward"))
    parser.add_argument("store", type=Path)
    parser.add_argument("earlier", type=Path, nargs="?", help="folder of the earlier build")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--images", type=int, default=3000, help="of `forward`")
    typed = sys.argv[1:]
    place = typed.index("--") if "--" in typed else len(typed)
    return parser.parse_args(typed[:place]), typed[place + 1 :]


def _compare(arguments: argparse.Namespace, options: list[str]) -> None:
    builds = {"earlier": arguments.earlier.resolve(), "this": ROOT}
    found: dict[str, list[Taken]] = {name: [] for name in builds}
    for seed in arguments.seeds:
        for turn in range(arguments.turns):
            for name, build in builds.items():
                folder = arguments.out.resolve() / name / f"{seed}-{turn}" / "run"
                shutil.rmtree(folder.parent, ignore_errors=True)  # the features of earlier turns, too
                taken = _run(build, arguments.store.resolve(), folder, [*options, "--seed", str(seed)])
                found[name].append(taken)
                load = os.getloadavg()[0]
                print(f"seed {seed}, turn {turn}, {name:8s}{_told(taken)}, load {load:.1f}", flush=True)
    earlier, this = (Taken(*map(statistics.median, zip(*taken, strict=True))) for taken in found.values())
    print(f"\nmedian, earlier  {_told(earlier)}\nmedian, this     {_told(this)}")
    print(
        f"this / earlier: {this.wall / earlier.wall:.3f} by the clock, {this.processor / earlier.processor:.3f} of the "
        f"processor; images learnt from a second: {this.passes / earlier.passes:.2f} times"
    )


def _told(taken: Taken) -> str:
    return (
        f"{taken.wall:7.1f} s by the clock, {taken.processor:7.1f} s of the processor, {taken.passes:6.1f} images/s "
        f"in the steps, right {taken.right:.1%}"
    )


def _run(build: Path, store: Path, out: Path, options: list[str]) -> Taken:
    """Runs `lsl-train` of a build in a process of its own."""
    paths = os.pathsep.join(str(build / name) for name in PACKAGES)
    command = [sys.executable, "-m", "lsl_trainer", str(store), "--out", str(out), *options]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    return Taken(wall, processor, _images_a_second(metrics, out), _share_right(store, out, metrics))


def _images_a_second(metrics: dict[str, object], out: Path) -> float:
    """Over all steps: the images of their epochs by the seconds of these."""
    epochs = metrics["epochs"]
    assert isinstance(epochs, list)
    training = json.loads((out / "model" / "manifest.json").read_text(encoding="utf-8"))["training"]
    images = {"coarse": training["coarse_images"], "constrained": training["coarse_images"]}
    learnt = sum(images.get(epoch["step"], training["fine_images"]) for epoch in epochs)
    return float(learnt / sum(epoch["seconds"] for epoch in epochs)) if epochs else float("nan")


def _share_right(store: Path, out: Path, metrics: dict[str, object]) -> float:
    """Of the test images of a demo store, by their true stage; of others, the accuracy by the labels."""
    from lsl_runtime import Model
    from lsl_shared import Store

    with Store(store) as opened:
        if not opened.has_truth("stage"):
            return float(metrics["evaluation"]["accuracy"])  # type: ignore[index]
        truth = opened.truth_dataset("stage")[:].astype(np.int64)
        lines = (out / "model" / "split.csv").read_text(encoding="utf-8").splitlines()[1:]
        part = np.array([line.split(",")[1] for line in lines])
        rows = np.flatnonzero((part == "test") & (truth >= 0))
        answers = Model.load(out / "model", device="cpu").predict(opened.select(rows))
    return float(np.mean(answers.class_index == truth[rows]))


def _forward(path: Path, count: int, turns: int) -> None:
    """Features of `count` images against bare forward passes of as many, in turn."""
    import torch

    from lsl_shared import Store
    from lsl_trainer.frozen.features import FrozenFeatures
    from lsl_trainer.learning.backbones import transferred_network
    from lsl_trainer.settings.presets import PRESETS

    with Store(path) as store:
        images = store.select(np.arange(min(count, len(store))))
    images = np.concatenate([images] * -(-count // len(images)))[:count]
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(count) % 256, np.arange(count) // 256  # no two alike
    config = PRESETS["tiny"].having(method="plain", backbone="efficientnet-lite0", freeze=True)
    network = transferred_network(config, images.shape[1:3], 2).eval()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def bare() -> None:
        with torch.inference_mode():
            for start in range(0, count, 16):
                network.features(torch.from_numpy(images[start : start + 16]).permute(0, 3, 1, 2) / 255)

    times: dict[str, list[tuple[float, float]]] = {}
    for turn in range(turns):
        for name, work in (("bare", bare), ("features", lambda: FrozenFeatures(network).of(images))):
            began = time.monotonic(), time.process_time()
            work()
            times.setdefault(name, []).append((time.monotonic() - began[0], time.process_time() - began[1]))
            print(f"turn {turn}, {name:9s}{times[name][-1][0]:7.1f} s, {times[name][-1][1]:7.1f} s of the processor")
    wall, processor = (
        statistics.median(one[k] for one in times["features"]) / statistics.median(one[k] for one in times["bare"])
        for k in (0, 1)
    )
    print(f"features / bare: {wall:.2f} by the clock, {processor:.2f} of the processor")


if __name__ == "__main__":
    main()
