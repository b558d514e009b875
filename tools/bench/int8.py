"""How often an int8 classifier answers as its float32 bundle does, and how much faster it is.

    python tools/bench/int8.py MODEL TRAINED [--judge STORE …] [--calibrate N] [--images N]

Makes the int8 bundle by `int8_bundle` from training images of the store TRAINED, and judges it on that store's images
that MODEL did not learn from, and on those of further stores, which it has never seen. Prints a line for each.
"""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from lsl_runtime import Model
from lsl_shared import Store
from lsl_trainer import int8_bundle
from lsl_trainer.bundle.agreement import agreement

app = typer.Typer(add_completion=False, help=__doc__)


def read(path: Path, task: str, rows: NDArray[np.intp] | None, most: int) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """At most so many images of a store, evenly spread; and their labels, −1 where the store does not have the task."""
    with Store(path) as store:
        chosen = np.arange(len(store)) if rows is None else rows
        chosen = chosen[np.linspace(0, len(chosen) - 1, min(most, len(chosen))).astype(int)]
        images = np.concatenate([store.read(int(row), int(row) + 1) for row in chosen])
        labels = store.labels(task)[chosen] if task in store.tasks else np.full(len(chosen), -1)
    return images, labels.astype(np.int64)


def parts(model: Path, store: Path) -> dict[str, NDArray[np.intp]]:
    """The rows of a store by their part in MODEL's training, of split.csv; those that are not in it are `fresh`."""
    with (model / "split.csv").open(newline="", encoding="utf-8") as stream:
        named = {row["id"]: row["part"] for row in csv.DictReader(stream)}
    with Store(store) as opened:
        ids = [str(name) for name in opened.ids]
    of_row = np.array([named.get(name, "fresh") for name in ids])
    return {name: np.flatnonzero(of_row == name) for name in sorted(set(of_row))}


@app.command()
def main(
    model: Path,
    trained: Path,
    judge: Annotated[list[Path], typer.Option()] = [],  # noqa: B006
    calibrate: int = 32,
    images: int = 400,
) -> None:
    """Prints a row for each set of images."""
    whole = Model.load(model, device="cpu")
    task, rows = whole.manifest.tasks[0].name, parts(model, trained)
    with tempfile.TemporaryDirectory() as folder:
        learnt = rows["train"][np.random.default_rng(0).permutation(len(rows["train"]))[:calibrate]]
        int8_bundle(model, read(trained, task, np.sort(learnt), calibrate)[0], Path(folder) / "int8")
        small = Model.load(Path(folder) / "int8", device="cpu")
        sets: list[tuple[str, Path, NDArray[np.intp] | None]] = []
        sets += [(f"{trained.name} {name}", trained, rows[name]) for name in rows if name != "train"]
        sets += [(f"{store.name} all", store, None) for store in judge]
        for name, store, chosen in sets:
            told = agreement(whole, small, *read(store, task, chosen, images)).told("int8", "of these")
            typer.echo(f"{name}: {told}")


if __name__ == "__main__":
    app()
