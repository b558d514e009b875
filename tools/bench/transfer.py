"""Is a transferred network better than hand-made features and than training from scratch?

    python tools/bench/transfer.py ranges STORE [--folds K]      ranges and terms, all methods, left-out genes; repeated
    python tools/bench/transfer.py layers STORE --out FOLDER     every block of EfficientNet-lite0: table and figure
    python tools/bench/transfer.py pollen STORE                  5 fine labels a class, transferred and from scratch

STORE has the tasks stage_range and cv_terms (`lsl-store demo`, or FlyExpress images with their labels.csv); for
`pollen` it has species and family. Every number is of images whose gene the classifier never saw, and no penalty, layer
or threshold is chosen on them. Lines are printed as they come.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from trainings import finished, share_right
from transfer_methods import DECAY, EPOCHS, FEATURES, LITE, RATE, Method, the_methods
from transfer_problem import Answers, Floats, Problem, halved, load
from transfer_scores import tell, tell_differences

from lsl_shared.files.store import Store
from lsl_trainer.data.load import load_data
from lsl_trainer.layers.layers import score_layers
from lsl_trainer.settings.presets import PRESETS


def compare(path: Path, folds: int, factor: float, only: list[str], cache: Path, seeds: range) -> None:
    """Compares all methods on a store, or `only` some. The answers of each fold are kept in `cache`."""
    problems = [load(path, folds, seed) for seed in seeds]
    problem = problems[0]
    print(
        f"{path.name}: {len(problem.ranges)} images, {len(np.unique(problem.genes))} genes, "
        f"{len(np.unique(problem.fold))} folds; {len(problem.names)} terms, {len(problem.often)} carried by 3 genes "
        f"or more; networks that learn see images at {factor:g} of their size, {EPOCHS} epochs (from scratch: 30)",
        flush=True,
    )
    names: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        small = halved(problem, Path(folder), factor)
        for one in problems:
            methods = the_methods(one, small)
            names = [*methods, FEATURES]
            for name in only or methods:
                answer_folds(one, name, methods[name], cache)
    repeats = {name: [found for one in problems if (found := joined(one, name, cache)) is not None] for name in names}
    known = {name: answers for name, answers in repeats.items() if answers}
    for name, answers in known.items():
        tell(name, problem, answers)
    if len(known) > 1:
        tell_differences(problem, known)


def answer_folds(problem: Problem, name: str, make: Callable[[str], Method], cache: Path) -> None:
    """Makes the answers of one method that the cache lacks."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = [n for n in np.unique(problem.fold) if not _place(cache, name, problem.seed, n).exists()]
    method = make(name) if missing else None
    for number in missing:
        began = time.process_time()
        assert method is not None
        for what, answer in method(problem.fold == number).items():
            parts = {key: value for key, value in answer._asdict().items() if value is not None}
            np.savez(_place(cache, what, problem.seed, number), allow_pickle=False, **parts)
        print(f"{name}, seed {problem.seed}, fold {number}: {time.process_time() - began:.0f} s of CPU", flush=True)


def joined(problem: Problem, name: str, cache: Path) -> Answers | None:
    """The answers of all folds together; None if a fold is missing."""
    numbers = np.unique(problem.fold)
    if not all(_place(cache, name, problem.seed, number).exists() for number in numbers):
        return None
    whole: dict[str, Floats] = {}
    for number in numbers:
        held = problem.fold == number
        with np.load(_place(cache, name, problem.seed, number)) as kept:
            for key in kept:
                whole.setdefault(key, np.empty((len(held), kept[key].shape[1])))[held] = kept[key]
    return Answers(whole["ranges"], whole.get("terms"), whole.get("chosen"))


def _place(cache: Path, name: str, seed: int, number: int) -> Path:
    return cache / f"{name}.{seed}.{number}.npz"


def depth(path: Path, out: Path) -> None:
    """Scores every block of the backbone, and writes the table and the figure."""
    from lsl_trainer.layers.figure import write_layers

    config = PRESETS["tiny"].having(method="plain", fine="stage_range", backbone=LITE, tasks=("cv_terms",))
    with Store(path) as store:
        found = score_layers(store, config)
    out.mkdir(parents=True, exist_ok=True)
    for one in found:
        print(f"{one.task:12s} {one.name:9s} {one.features:6d} features  {one.measure} {one.value:.3f}", flush=True)
    write_layers(out, found)


def pollen(path: Path, seeds: range) -> None:
    """Five fine labels a class, random split: `plain` and `feature-level`, F transferred or from scratch."""
    base = PRESETS["tiny"].having(fine="species", coarse="family", split="random", fine_per_class=5, flip=True)
    short = {"coarse_epochs": 4, "fine_epochs": 12, "feature_epochs": 4, "learning_rate": RATE}
    lite = base.having(**short, backbone=LITE, layer_decay=DECAY)
    for seed in seeds:
        for name, config in (("scratch", base), ("transferred", lite)):
            for method in ("plain", "feature-level"):
                began = time.monotonic()
                chosen = config.having(method=method, seed=seed, label_seed=seed)
                with Store(path) as store:
                    data = load_data(store, chosen)
                right = share_right(finished(data, chosen).network, data.test)
                print(
                    f"seed {seed} {name:12s} {method:14s} {right:6.1%}  {time.monotonic() - began:5.0f} s", flush=True
                )


def main() -> None:
    """Runs one of the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("ranges", "layers", "pollen"))
    parser.add_argument("store", type=Path)
    parser.add_argument("--folds", type=int, default=7, help="of whole genes")
    parser.add_argument("--factor", type=float, default=0.5, help="size of the images that networks learn from")
    parser.add_argument("--only", action="append", default=[], help="this method")
    parser.add_argument("--cache", type=Path, default=Path("transfer"), help="where the answers of each fold are kept")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path())
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    torch.set_num_threads(1)
    if given.what == "ranges":
        compare(given.store, given.folds, given.factor, given.only, given.cache, seeds)
    elif given.what == "layers":
        depth(given.store, given.out)
    else:
        pollen(given.store, seeds)


if __name__ == "__main__":
    main()
