"""How long do the commands take before they do anything?

    python tools/bench/startup.py [--repeat 9]

Measures in turns, in one run. `lsl-annotate --help` is compared with a bare `import typer.rich_utils`. `import
lsl_runtime`, and importing what annotates, are compared with importing numpy, h5py and onnxruntime. The limit is 1.3
times in each case. Prints medians and ratios, and which heavy modules were imported. If others use the machine, look at
the processor time.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

HEAVY = ("torch", "cv2", "matplotlib", "dask", "lsl_trainer")
HELP = """
import sys
from lsl_runtime.annotation.cli import main
sys.argv = ["lsl-annotate", "--help"]
main()
"""
CASES = {
    "import typer.rich_utils": "import typer.rich_utils",
    "lsl-annotate --help": HELP,
    "import numpy, h5py, onnxruntime": "import numpy, h5py, onnxruntime",
    "import lsl_runtime": "import lsl_runtime",
    "from lsl_runtime import Model, annotate": "from lsl_runtime import Model, annotate",
}
AGAINST = {
    "lsl-annotate --help": "import typer.rich_utils",
    "import lsl_runtime": "import numpy, h5py, onnxruntime",
    "from lsl_runtime import Model, annotate": "import numpy, h5py, onnxruntime",
}


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=9)
    repeat = parser.parse_args().repeat
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    for turn in range(repeat + 1):
        for name, code in CASES.items():
            spent = timed(code)
            if turn:  # the first turn fills the disk's cache
                times[name].append(spent)
    medians = {name: tuple(map(statistics.median, zip(*spent, strict=True))) for name, spent in times.items()}
    for name, (wall, processor) in medians.items():
        line = f"{name:<42}{wall * 1000:6.0f} ms by the clock, {processor * 1000:5.0f} ms of processor time"
        if name in AGAINST:
            bare = medians[AGAINST[name]]
            line += f"   {wall / bare[0]:.2f} and {processor / bare[1]:.2f} times the bare imports"
        print(line)
    for name in AGAINST:
        print(f"{name}: imports {heavy_modules(CASES[name]) or 'none'} of {', '.join(HEAVY)}")


def timed(code: str) -> tuple[float, float]:
    """What a new Python takes to run `code`, in seconds: by the clock, and of processor time."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, cwd=Path(os.sep))
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def heavy_modules(code: str) -> str:
    """Those of the heavy modules that `code` imports."""
    ending = f"import sys, atexit\natexit.register(lambda: print(*sorted(set({HEAVY!r}) & set(sys.modules))))\n"
    done = subprocess.run([sys.executable, "-c", ending + code], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[-1]


if __name__ == "__main__":
    main()
