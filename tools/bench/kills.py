"""Is anything lost when annotating is killed?

    python tools/bench/kills.py STORE RUN/model [--images 768] [--kills 50] [--seed 0] [--workers N]

Kills a run (SIGKILL) at random moments of reading, inference, writing parts and joining. Each time it looks for an
annotations file that is not complete, runs again to the end, and compares the file with that of an uninterrupted run,
dataset by dataset, byte for byte. With `--workers`, it kills one of N Dask workers while a partition is worked on; the
run itself must go on to the same file. The exit status is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from stores import first_images

from lsl_shared import Annotations, LslError, annotations_path

PHASES = ("reading", "inference", "writing", "joining")
LONGEST_WAIT = 0.04
"""At most so many seconds pass between the beginning of a step and the kill."""

CHILD = """
import sys
from lsl_runtime import Model, annotate
from lsl_runtime.annotation import inference, reading, run
from lsl_runtime.annotation.parts import PartFiles

def told(owner, name, phase):
    original = getattr(owner, name)
    def wrapped(*arguments, **settings):
        print(phase, flush=True)
        return original(*arguments, **settings)
    setattr(owner, name, wrapped)

told(reading, "_read", "reading")
told(inference, "_answers", "inference")
told(PartFiles, "_write_bytes", "writing")
told(run, "join_parts", "joining")
done = annotate(sys.argv[1], Model.load(sys.argv[2], "cpu"), saliency=True, features=True)
print("resumed", done.resumed, flush=True)
"""


SHARED_OUT = """
import sys
from lsl_runtime import Model, annotate
if __name__ == "__main__":
    model = Model.load(sys.argv[2], "cpu")
    annotate(sys.argv[1], model, saliency=True, features=True, workers=int(sys.argv[3]),
             on_progress=lambda count: print("passed", flush=True))
"""


@dataclass
class Run:
    """What a run said before it ended or was killed."""

    steps: Counter[str]
    resumed: int = -1


def main() -> None:
    """Parses, kills, compares, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--images", type=int, default=768)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = first_images(arguments.store, Path(folder) / "store.h5", arguments.images)
        generator = random.Random(arguments.seed)
        if arguments.workers:
            problems = kill_workers(store, arguments.model, arguments.kills, generator, arguments.workers)
        else:
            problems = kill_again_and_again(store, arguments.model, arguments.kills, generator)
    for problem in problems:
        print(problem)
    sys.exit(bool(problems))


def kill_again_and_again(store: Path, model: Path, kills: int, generator: random.Random) -> list[str]:
    """What went wrong in so many kills, each followed by a run to the end."""
    target, whole = annotations_path(store), store.with_name("whole.h5")
    steps = run(store, model).steps
    target.rename(whole)
    problems, landed, from_parts = [], Counter[str](), 0
    for number in range(kills):
        phase = PHASES[number % len(PHASES)]
        run(store, model, phase, generator.randint(1, steps[phase]), generator.uniform(0, LONGEST_WAIT))
        landed[phase] += 1
        if target.exists() and (said := difference(target, whole)):
            problems.append(f"kill {number} in {phase}: an annotations file that is not complete: {said}")
        again = run(store, model)
        from_parts += again.resumed > 0
        if said := difference(target, whole):
            problems.append(f"kill {number} in {phase}: the rerun's file differs: {said}")
        left = sorted(path.name for path in store.parent.iterdir())
        if left != sorted((store.name, target.name, whole.name)):
            problems.append(f"kill {number} in {phase}: left behind {left}")
        target.unlink(missing_ok=True)
        if number % 10 == 9:
            print(f"{number + 1} kills, {from_parts} reruns from parts, {len(problems)} problems", flush=True)
    told = ", ".join(f"{count} in {phase}" for phase, count in landed.items())
    print(f"{kills} kills ({told}); {from_parts} reruns went on from parts; {len(problems)} problems")
    return problems


def run(store: Path, model: Path, phase: str = "", step: int = 0, wait: float = 0.0) -> Run:
    """Annotates in a process of its own, and kills it `wait` seconds after it has said `phase` `step` times."""
    said = Run(Counter())
    with subprocess.Popen([sys.executable, "-c", CHILD, store, model], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            word, _, value = line.strip().partition(" ")
            if word == "resumed":
                said.resumed = int(value)
            said.steps[word] += 1
            if word == phase and said.steps[word] == step:
                time.sleep(wait)
                process.kill()
                break
    return said


def kill_workers(store: Path, model: Path, kills: int, generator: random.Random, workers: int) -> list[str]:
    """What went wrong in so many runs on workers, of which one is killed after the first part and before the last."""
    target, whole = annotations_path(store), store.with_name("whole.h5")
    run(store, model)
    target.rename(whole)
    script, problems = store.with_name("shared_out.py"), []
    script.write_text(SHARED_OUT)
    for number in range(kills):
        told, process = kill_one_worker([sys.executable, script, store, model, str(workers)], generator)
        if process.returncode or (told := difference(target, whole)):
            problems.append(f"kill {number} of a worker: {told or process.returncode}")
        target.unlink(missing_ok=True)
        print(f"{number + 1} workers killed, {len(problems)} problems", flush=True)
    return problems


def kill_one_worker(command: list[str | Path], generator: random.Random) -> tuple[str, subprocess.Popen[str]]:
    """Runs on workers to the end, and kills one of them: what to tell, and the process."""
    import psutil

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(generator.uniform(0, LONGEST_WAIT))
        children = psutil.Process(process.pid).children(recursive=True)
        workers = [one for one in children if "from multiprocessing.spawn" in " ".join(one.cmdline())]
        if not workers:
            return "no worker was left to kill", process
        generator.choice(workers).kill()
        process.communicate()
    return "", process


def difference(path: Path, whole: Path) -> str:
    """How an annotations file differs from that of an uninterrupted run; '' if it does not."""
    try:
        with Annotations(path), h5py.File(path) as one, h5py.File(whole) as other:
            names = [datasets(file) for file in (one, other)]
            if names[0] != names[1]:
                return f"datasets {names[0]} and {names[1]}"
            differing = [name for name in names[0] if one[name][...].tobytes() != other[name][...].tobytes()
                         and not np.array_equal(one[name][...], other[name][...])]  # fmt: skip
            return ", ".join(differing)
    except (OSError, LslError) as problem:
        return str(problem)


def datasets(file: h5py.File) -> list[str]:
    """The names of all datasets."""
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return names


if __name__ == "__main__":
    main()
