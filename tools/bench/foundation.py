"""Does a pretrained encoder pay, and which way: frozen, with adapters, or learning wholly?

    python tools/bench/foundation.py efficientnet-lite0 OUT [--data ../shared/data] [--seeds 3]
    python tools/bench/foundation.py hf:FOLDER OUT --enlarge 2 --factor 1

BACKBONE is what `lsl-train --backbone` takes. DATA holds flyexpress/ (photographs; each gene left out in turn) and
pollen73s/ (1 and 5 labels a species); what is not there is told, and left out. Synthetic embryos are drawn: their
stage ranges and terms, genes left out in folds. Of every data set: features of the last layer, of the best one or of
middle ones, adapters, and all weights; of embryos hand-made features, too.

Each result is written as it comes, in OUT, and a run that was broken off goes on there. The table, at the end and in
OUT/table.txt, is of what is done so far. Recipes were chosen on other seeds (foundation_ways.py).
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from flies import imported
from foundation_ways import Recipe, embryo_ways, kept_features, pollen_ways
from lowshot import write_pollen
from transfer import answer_folds, joined
from transfer_problem import Problem, halved, load
from transfer_scores import tell, tell_differences

from lsl_shared import Store
from lsl_shared.files.store_writer import StoreWriter
from lsl_shared.labels import LabelSpace
from lsl_tools.demo.store import write_demo_store

DATA = ("pollen-1", "demo", "pollen-5", "flies")
"""Quick ones first."""
DEMO_IMAGES, DEMO_FOLDS, DEMO_SEED = 300, 2, 40
REPEATED = ("hand-made", "frozen")
"""Begin the names of ways that no seed changes where each gene is left out."""


def main(
    backbone: str,
    out: Path,
    data: Path = Path("../shared/data"),
    seeds: int = 3,
    only: Annotated[list[str] | None, typer.Option(help=f"{', '.join(DATA)}; all without it")] = None,
    factor: Annotated[float, typer.Option(help="of the size of embryos where weights learn")] = 0.5,
    enlarge: Annotated[int, typer.Option(help="1, 2 or 4: how many times as large the encoder sees images")] = 1,
    rank: int = 8,
    table: Annotated[
        bool, typer.Option("--table", help="print the table of what is done, and compute nothing")
    ] = False,
) -> None:
    torch.set_num_threads(1 if not torch.cuda.is_available() else torch.get_num_threads())
    recipe = Recipe(backbone, enlarge, rank)
    sets = [name for name in only or DATA if is_there(name, data, out)]
    for seed in range(seeds if not table else 0):
        for name in sets:
            run_pollen(name, out, recipe, seed) if name.startswith("pollen") else run_embryos(
                name, out, recipe, seed, factor
            )
    kept = Told()
    with contextlib.redirect_stdout(kept):
        for name in sets:
            tell_pollen(name, out) if name.startswith("pollen") else tell_embryos(name, out, recipe, seeds)
    (out / "table.txt").write_text(kept.getvalue())


class Told(io.StringIO):
    """What is printed, kept: intervals of terms take minutes, so lines are shown as they come."""

    def write(self, text: str) -> int:
        assert sys.__stdout__ is not None
        sys.__stdout__.write(text)
        return super().write(text)


def is_there(name: str, data: Path, out: Path) -> bool:
    """Makes the store of a data set where it is not made yet; tells what is left out."""
    kind, store = name.partition("-")[0], store_of(name, out)
    source = data / {"pollen": "pollen73s", "flies": "flyexpress", "demo": ""}[kind]
    if store.exists():
        return True
    if not source.is_dir() and kind != "demo":
        print(f"left out: {name}, for {source} is not there (--data)", flush=True)
        return False
    store.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pollen":
        write_fine_pollen(source, store)
    elif kind == "flies":
        imported(source, store)
    else:
        write_demo_store(store, images=DEMO_IMAGES, seed=DEMO_SEED)
    return True


def store_of(name: str, out: Path) -> Path:
    return out / "stores" / f"{name.partition('-')[0]}.h5"


def write_fine_pollen(source: Path, path: Path) -> None:
    """Species alone: whatever learns sees the same labels, and no families."""
    whole = path.with_name("pollen-families.h5")
    if not whole.exists():
        write_pollen(source, whole)
    with Store(whole) as store, StoreWriter(path, *store.shape[1:]) as writer:
        for row, image in enumerate(store.select(np.arange(len(store)))):
            writer.append(image, id=str(store.ids[row]))
        writer.add_task(LabelSpace("species", store.tasks["species"].classes), store.labels("species"))


def run_pollen(name: str, out: Path, recipe: Recipe, seed: int) -> None:
    """Each way that OUT/pollen.jsonl lacks."""
    done = {(row["data"], row["way"], row["seed"]) for row in rows_of(out)}
    ways = pollen_ways(store_of(name, out), out / "features", recipe, int(name.partition("-")[2]), seed)
    for way, answer in ways.items():
        if (name, way, seed) in done:
            continue
        row = {"data": name, "way": way, "seed": seed, **answer()}
        print(f"{name}, seed {seed}, {way}: {row['right']:.1%} of {row['images']}, {row['seconds']:.0f} s", flush=True)
        with (out / "pollen.jsonl").open("a") as stream:
            stream.write(json.dumps(row) + "\n")


def rows_of(out: Path) -> list[dict[str, Any]]:
    path = out / "pollen.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def run_embryos(name: str, out: Path, recipe: Recipe, seed: int, factor: float) -> None:
    """Each fold of each way that OUT/answers lacks."""
    problem = problem_of(name, out, seed)
    small = out / "stores" / f"{name}-{factor:g}" / "small.h5"
    if not small.exists():
        small.parent.mkdir(parents=True, exist_ok=True)
        halved(problem, small.parent, factor)
    features = kept_features(problem, recipe, out / "features")
    for way, make in embryo_ways(problem, small, features, recipe).items():
        if seed == 0 or name != "flies" or not way.startswith(REPEATED):
            answer_folds(problem, way, make, out / "answers" / name)


def problem_of(name: str, out: Path, seed: int) -> Problem:
    store = store_of(name, out)
    with Store(store) as opened:
        genes = len(np.unique(opened.groups()))
    return load(store, genes if name == "flies" else DEMO_FOLDS, seed)


def tell_pollen(name: str, out: Path) -> None:
    found: dict[str, list[float]] = {}
    for row in rows_of(out):
        if row["data"] == name:
            found.setdefault(str(row["way"]), []).append(row["right"])
    for way, values in found.items():
        told = ", ".join(f"{value:.1%}" for value in values)
        spread = f" ± {np.std(values, ddof=1):.1%}" if len(values) > 1 else ""
        print(f"{name:9s} {way:32s} {np.mean(values):6.1%}{spread} ({told})")


def tell_embryos(name: str, out: Path, recipe: Recipe, seeds: int) -> None:
    problems = [problem_of(name, out, seed) for seed in range(seeds)]
    known = {}
    for way in names_of(out / "answers" / name):
        found = [one for problem in problems if (one := joined(problem, way, out / "answers" / name)) is not None]
        if found:
            known[way] = found
            print(f"{name:9s} ", end="")
            tell(way, problems[0], found)
    if len(known) > 1:
        tell_differences(problems[0], known)


def names_of(cache: Path) -> Iterator[str]:
    """The ways that have answered for some fold, in the order of their names."""
    yield from sorted({path.name.rsplit(".", 3)[0] for path in cache.glob("*.npz")})


if __name__ == "__main__":
    typer.run(main)
