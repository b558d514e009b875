"""Does `lsl-train` without an option do what the best of its methods and backbones does?

    python tools/bench/default.py DATA OUT [--setting a …] [--seeds 3] [--row auto …] [--device cuda] [--jobs 12]

DATA holds pollen73s/ and flyexpress/. Stores are made in OUT/stores. The settings are

- a: a demo store of 1,400, b and c: pollen with 1 and 5 labels a species, d: the ranges of photographs with each gene
  left out, e: 60 images of two ranges, f: 3,000 synthetic embryos with 10 labels a stage.

For each seed and setting every row is trained in full: `auto` as it chooses within its budget on two threads of a CPU
(a GPU then only computes faster), `auto, GPU` as it chooses where there is one, `before`, which was the default, and
all methods from scratch, from EfficientNet-lite0 on, and on its frozen features. Rows go to OUT/default.csv as they
come; a rerun goes on where it stopped. Accuracies are those of images of test genes: of drawn embryos against the
truth. No graph is exported. `--epochs 1` is for trying the script. A table at the end compares.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import sys
import traceback
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from by_default.rows import COLUMNS, jobs_of, run_job
from by_default.stores import SETTINGS, prepare

Names = Annotated[list[str] | None, typer.Option()]


def main(
    data: Path,
    out: Path,
    setting: Names = None,
    row: Names = None,
    seeds: int = 3,
    first_seed: int = 0,
    device: str = "cuda" if torch.cuda.is_available() else "cpu",
    jobs: int = 1,
    epochs: int = 0,
) -> None:
    """Trains what the CSV lacks, and prints the table."""
    names, chosen = setting or list(SETTINGS), range(first_seed, first_seed + seeds)
    path = out / "default.csv"
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _settle, (jobs,)) as pool:
        list(pool.map(prepare, *zip(*_stores(data, out, names, chosen), strict=True)))
        done = {tuple(line[name] for name in COLUMNS[:4]) for line in _lines(path)}
        missing = [job for job in jobs_of(names, chosen, row or [], device == "cuda") if job.key not in done]
        print(f"{len(missing)} trainings on {device}, {jobs} at a time", flush=True)
        running = {pool.submit(run_job, job, out, device, epochs): job for job in missing}
        for finished in as_completed(running):
            if problem := finished.exception():
                print(
                    f"{running[finished]}: {''.join(traceback.format_exception(problem))}", file=sys.stderr, flush=True
                )
            else:
                _append(path, finished.result())
    print_table(_lines(path))


def _settle(jobs: int) -> None:
    """In each process, before anything else."""
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // jobs))


def _stores(data: Path, out: Path, names: list[str], seeds: range) -> list[tuple[Path, Path, str, int]]:
    """What `prepare` is to be called with: once for a store that several seeds share."""
    wanted = [(name, seed) for name in names for seed in seeds if SETTINGS[name].seeded or seed == seeds[0]]
    if "b" in names and "c" in names:
        wanted.remove(("c", seeds[0]))
    return [(data, out, name, seed) for name, seed in wanted]


def _lines(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _append(path: Path, found: dict[str, object]) -> None:
    fresh = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        if fresh:
            writer.writeheader()
        writer.writerow(found)
    print(" ".join(f"{name}={value}" for name, value in found.items() if value != ""), flush=True)


def print_table(lines: list[dict[str, str]]) -> None:
    """Accuracies in percent, mean over seeds and deviation; the folds of a seed count together."""
    counts: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for line in lines:
        of_seed = counts[line["setting"], line["row"]][line["seed"]]
        of_seed[0] += int(line["right"])
        of_seed[1] += int(line["images"])
    for name in sorted({key[0] for key in counts}):
        rows = {row: [100 * a / b for a, b in of.values()] for (setting, row), of in counts.items() if setting == name}
        print(f"\n{name}: {SETTINGS[name].told}")
        for row, shares in sorted(rows.items(), key=lambda one: -np.mean(one[1])):
            print(f"  {row:<45} {np.mean(shares):5.1f} ± {np.std(shares):4.1f}  ({len(shares)} seeds)")
        others = {row: np.mean(shares) for row, shares in rows.items() if not row.startswith("auto")}
        if "auto" in rows and others:
            auto, best = np.mean(rows["auto"]), max(others, key=lambda row: others[row])
            told = f"  auto less the best, {best}: {auto - others[best]:+.1f}"
            print(told + (f"; less the default before: {auto - others['before']:+.1f}" if "before" in others else ""))


if __name__ == "__main__":
    typer.run(main)
