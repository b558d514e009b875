"""Does a training that is killed again and again end where an uninterrupted one does?

    python tools/bench/resume.py STORE [--kills 10] [--images 240] [--seed 0]

Trains the preset `tiny`, shortened, on the first images of a store: once from beginning to end, and once killed
(SIGKILL) at so many random moments of all steps, and resumed after each. Compares the weights after every step, and the
bundles, bit for bit. The exit status is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from stores import first_images

from lsl_runtime import Model

STEPS = ("coarse", "fine", "feature")
EPOCHS = 6
CHILD = f"""
import sys, torch
from lsl_trainer import PRESETS, train
torch.set_num_threads(1)
config = PRESETS["tiny"].having(coarse_epochs={EPOCHS}, fine_epochs={EPOCHS}, feature_epochs={EPOCHS})
print("began", flush=True)
train(sys.argv[1], config, sys.argv[2], resume=sys.argv[3] == "resume",
      on_epoch=lambda epoch: print(epoch.step, flush=True))
"""


def main() -> None:
    """Parses, kills, compares, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--images", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = first_images(arguments.store, Path(folder) / "store.h5", arguments.images)
        whole, broken = Path(folder) / "whole", Path(folder) / "broken"
        seconds = run(store, whole, None)
        kill_again_and_again(store, broken, arguments.kills, random.Random(arguments.seed), seconds)
        problems = differences(broken, whole)
    print(f"{arguments.kills} kills, {len(problems)} differences {problems}")
    sys.exit(bool(problems))


def kill_again_and_again(store: Path, out: Path, kills: int, generator: random.Random, seconds: float) -> None:
    """Kills a random while after an epoch has ended, in one step after the other."""
    for number in range(kills):
        step = STEPS[number * len(STEPS) // kills]
        wait = generator.uniform(0, 1.5 * seconds / (len(STEPS) * EPOCHS))
        run(store, out, step, wait)
        print(f"kill {number + 1}: in step {step}, {wait:.2f} s after an epoch", flush=True)
    run(store, out, None)


def run(store: Path, out: Path, step: str | None, wait: float = 0.0) -> float:
    """Trains, or goes on, in a process of its own, killed `wait` s after the next epoch of `step`. Returns seconds."""
    started = time.monotonic()
    how = "resume" if (out / "config.toml").exists() else "begin"
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, store, out, how], stdout=subprocess.PIPE, text=True
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == step:
                time.sleep(wait)
                process.kill()
                break
    if step is None and process.returncode:
        sys.exit(f"the training failed with {process.returncode}")
    return time.monotonic() - started


def differences(one: Path, other: Path) -> list[str]:
    """What differs in any bit."""
    found = []
    for step in STEPS:
        weights = [load_file(run / "checkpoints" / f"{step}.safetensors") for run in (one, other)]
        if any(not np.array_equal(weights[0][name], weights[1][name]) for name in weights[1]):
            found.append(f"weights after {step}")
    if Model.load(one / "model").digest != Model.load(other / "model").digest:
        found.append("bundle")
    return found


if __name__ == "__main__":
    main()
