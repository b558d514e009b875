"""Several coarse tasks at once: coarse-constrained with all of them against either one alone.

    python tools/bench/two_ranges.py demo OUT [--images 800] [--seeds 3] [--first-seed 0]
    python tools/bench/two_ranges.py pollen OUT --source FOLDER [--seeds 3]
    python tools/bench/two_ranges.py table OUT

Both take `--method linear`, too: a linear classifier on the fixed features of EfficientNet-lite0.

`demo`: synthetic embryos. Half of the training genes have ranges of the BDGP (4-6, 7-8, 9-10, 11-12, 13-17), the other
half of Fly-FISH (4-5, 6-7, 8-9, 10-), and a few images of each stage a fine label. `pollen`: orders above families
above species, the orders made from the families' names; a third of the training images has a family, another one an
order. Learnt are both coarse tasks, and either alone, with the same fine labels; images of other genes are judged by
their true class.

Each training is a line of OUT/two_ranges.csv, and a rerun goes on where it stopped. One thread.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer
from lowshot import grey_square
from numpy.typing import NDArray
from trainings import logits

from lsl_shared import CoarseTask, LabelSpace, Store, StoreWriter
from lsl_shared.fly import STAGES, stage_range_space, stage_space
from lsl_tools.demo.dataset import plan_images, render_plan
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.presets import PRESETS

app = typer.Typer(add_completion=False, help=__doc__)
FISH = {"1-3": (), "4-5": STAGES[:2], "6-7": STAGES[2:4], "8-9": STAGES[4:6], "10-": STAGES[6:]}
FISH_TASK = CoarseTask.of_names("fish_range", FISH, stage_space())
COLUMNS = ("data", "seed", "arm", "images", "coarse", "fine", "test", "accuracy", "within_one", "seconds")
SIZE = (64, 160)
PARTS = (("train", 0.6), ("calibration", 0.1), ("test", 0.3))
ORDERS = {
    "Asparagales": "Asphodelaceae", "Arecales": "Arecaceae", "Asterales": "Asteraceae", "Boraginales": "Cordiaceae",
    "Caryophyllales": "Amaranthaceae", "Commelinales": "Commelinaceae", "Dilleniales": "Dilleniaceae",
    "Ericales": "Symplocaceae", "Fabales": "Fabaceae", "Gentianales": "Rubiaceae",
    "Lamiales": "Bignoniaceae Lamiaceae Oleaceae Plantaginaceae", "Magnoliales": "Magnoliaceae",
    "Malpighiales": "Caryocaraceae Euphorbiaceae Ochnaceae Passifloraceae", "Malvales": "Malvaceae",
    "Myrtales": "Combretaceae Melastomataceae Myrtaceae Vochysiaceae", "Piperales": "Piperaceae", "Poales": "Poaceae",
    "Rosales": "Cannabaceae Urticaceae", "Sapindales": "Anacardiaceae Burseraceae Rutaceae Sapindaceae",
    "Solanales": "Solanaceae", "Vitales": "Vitaceae",
}  # fmt: skip
"""Of the families of pollen73s, after APG IV."""


@app.command()
def demo(
    out: Path,
    images: int = 800,
    seeds: int = 3,
    first_seed: int = 0,
    labels: Annotated[int, typer.Option(help="fine labels a stage")] = 3,
    epochs: int = 20,
    method: str = "coarse-constrained",
) -> None:
    """Two range systems, of embryos."""
    for seed in range(first_seed, first_seed + seeds):
        store = out / f"demo-{images}-{labels}-{seed}.h5"
        if not store.exists():
            write_embryos(store, images, labels, seed)
        config = PRESETS["tiny"].having(seed=seed, coarse_epochs=epochs // 2, constrained_epochs=epochs)
        judge(store, out, "demo", config, method, ("stage_range", "fish_range", ""))


@app.command()
def pollen(
    out: Path,
    source: Annotated[Path, typer.Option(help="the folder pollen73s")],
    seeds: int = 3,
    first_seed: int = 0,
    labels: int = 3,
    epochs: int = 20,
    method: str = "coarse-constrained",
) -> None:
    """Three levels, of pollen."""
    for seed in range(first_seed, first_seed + seeds):
        store = out / f"pollen-{labels}-{seed}.h5"
        if not store.exists():
            write_grains(store, source, labels, seed)
        config = PRESETS["tiny"].having(seed=seed, coarse_epochs=epochs // 2, constrained_epochs=epochs, flip=True)
        config = config.having(fine="species")
        judge(store, out, "pollen", config, method, ("family", "orders", ""))


@app.command()
def table(out: Path) -> None:
    """Prints what OUT holds: a row an arm, a column a seed, and the mean."""
    rows = read(out)
    for data in dict.fromkeys(row["data"] for row in rows):
        mine = [row for row in rows if row["data"] == data]
        seeds = sorted({int(row["seed"]) for row in mine})
        print(
            f"| {data}: accuracy of {mine[0]['test']} test images a seed | " + " | ".join(map(str, seeds)) + " | mean |"
        )
        print("|---" * (len(seeds) + 2) + "|")
        for arm in dict.fromkeys(row["arm"] for row in mine):
            found = {int(row["seed"]): float(row["accuracy"]) for row in mine if row["arm"] == arm}
            shown = [f"{100 * found[seed]:.1f}" if seed in found else "" for seed in seeds]
            print(f"| {arm} | {' | '.join(shown)} | {100 * np.mean(list(found.values())):.1f} |")


def judge(store: Path, out: Path, data: str, config: TrainConfig, method: str, arms: Sequence[str]) -> None:
    """Trains each arm that OUT does not hold: one coarse task by its name, '' for all; and `plain`, without any."""
    torch.set_num_threads(1)
    backbone = {"backbone": "efficientnet-lite0"} if method == "linear" else {}
    before = f"{method}: " if backbone else ""
    runs: list[tuple[str, dict[str, Any]]] = [
        (f"{before}{arm or 'both'}", {"method": method, "coarse": arm, **backbone}) for arm in arms
    ]
    for arm, settings in (*reversed(runs), *([] if backbone else [("plain", {"method": "plain"})])):
        if any((row["data"], row["seed"], row["arm"]) == (data, str(config.seed), arm) for row in read(out)):
            continue
        began = time.process_time()
        chosen = config.having(split="stored", calibration="split", **settings)
        with Store(store) as opened:
            learnt = load_data(opened, chosen)
        training = TwoStepTraining(learnt, chosen, features=out / "features")
        for _ in training.run(lambda images: None):
            pass
        answers = logits(training.network, learnt.test)
        given, truth = answers[:, : learnt.fine_outputs].argmax(1), learnt.test.labels
        write(
            out, data=data, seed=config.seed, arm=arm, images=len(learnt.learnt_rows),
            coarse=len(learnt.coarsely_labelled) if chosen.method != "plain" else 0, fine=len(learnt.fine),
            test=len(truth), accuracy=float(np.mean(given == truth)),
            within_one=float(np.mean(np.abs(given - truth) <= 1)), seconds=round(time.process_time() - began),
        )  # fmt: skip


def write_embryos(path: Path, images: int, labels: int, seed: int) -> None:
    """Embryos; test and calibration genes have their true stage, training genes ranges of one kind."""
    drawn = 2000 + seed
    plans = plan_images(images, seed=drawn)
    generator = np.random.default_rng([seed, 1])
    genes = generator.permutation(sorted({plan.gene.name for plan in plans}))
    part_of = dict(zip(genes, parted(len(genes)), strict=True))
    by_fish = {gene: number % 2 == 1 for number, gene in enumerate(genes)}
    part = np.array([part_of[plan.gene.name] for plan in plans])
    fish = np.array([by_fish[plan.gene.name] for plan in plans])
    stages, ranges = (np.array([getattr(plan, name) for plan in plans]) for name in ("stage", "stage_range_label"))
    train = part == "train"
    fish_labels = fish_of(stages)
    path.parent.mkdir(parents=True, exist_ok=True)
    with StoreWriter(path, *SIZE) as writer:
        for plan, where in zip(plans, part, strict=True):
            image = render_plan(plan, seed=drawn)
            small = np.asarray(cv2.resize(image.image, SIZE[::-1], interpolation=cv2.INTER_AREA), np.uint8)
            writer.append(small, id=image.id, gene=image.gene, split=where)
        writer.add_task(stage_range_space(), np.where(train & ~fish, ranges, -1))
        writer.add_task(LabelSpace("fish_range", FISH_TASK.classes), np.where(train & fish, fish_labels, -1))
        fine = np.where(~train | few_of_each(stages, train, labels, generator), stages, -1)
        writer.add_task(stage_space(), fine, [FISH_TASK])


def fish_of(stages: NDArray[np.int64]) -> NDArray[np.int64]:
    """The range of Fly-FISH of each stage, −1 being stages 1 to 3."""
    matrix = FISH_TASK.matrix(len(STAGES))
    return np.where(stages < 0, 0, matrix.argmax(0)[stages])


def write_grains(path: Path, source: Path, labels: int, seed: int) -> None:
    """Pollen; test images have their species, a third of the training images a family, another third an order."""
    with (source / "labels.csv").open(newline="", encoding="utf-8") as stream:
        images = {row["file"]: (grey_square(source / row["file"]), row) for row in csv.DictReader(stream)}
    once = {image.tobytes(): row for image, row in images.values()}  # some pictures are there twice
    rows = list(once.values())
    order_of = {family: name for name, families in ORDERS.items() for family in families.split()}
    families = {row["family"]: order_of[row["family"]] for row in rows}
    parents = {row["species"]: row["family"] for row in sorted(rows, key=lambda row: row["species"])}
    orders = LabelSpace("orders", tuple(sorted(set(families.values()))))
    family = LabelSpace.fine("family", dict(sorted(families.items())), orders)
    species = LabelSpace.fine("species", parents, family)
    generator = np.random.default_rng([seed, 2])
    part, third = generator.permutation(parted(len(rows))), generator.integers(0, 3, len(rows))
    fine = np.array([species.index(row["species"]) for row in rows])
    of_family = np.array(species.parent_index)[fine]
    train = part == "train"
    path.parent.mkdir(parents=True, exist_ok=True)
    with StoreWriter(path, 64, 64) as writer:
        for row, where in zip(rows, part, strict=True):
            writer.append(images[row["file"]][0], id=row["file"], split=str(where))
        writer.add_task(orders, np.where(train & (third == 1), np.array(family.parent_index)[of_family], -1))
        writer.add_task(family, np.where(train & (third == 0), of_family, -1))
        writer.add_task(species, np.where(~train | few_of_each(fine, train, labels, generator), fine, -1))


def parted(count: int) -> NDArray[np.str_]:
    """So many parts, in the shares of `PARTS`."""
    ends = np.round(np.cumsum([share for _, share in PARTS]) * count).astype(int)
    return np.repeat([name for name, _ in PARTS], np.diff([0, *ends]))


def few_of_each(
    classes: NDArray[np.int64], among: NDArray[np.bool_], count: int, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """`count` images of each class, of those `among`."""
    chosen = np.zeros(len(classes), bool)
    for label in np.unique(classes[classes >= 0]):
        chosen[generator.permutation(np.flatnonzero(among & (classes == label)))[:count]] = True
    return chosen


def read(out: Path) -> list[dict[str, str]]:
    """The rows so far."""
    path = out / "two_ranges.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def write(out: Path, **row: Any) -> None:
    """Adds a row."""
    path, new = out / "two_ranges.csv", not (out / "two_ranges.csv").exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        if new:
            writer.writeheader()
        writer.writerow(row)
    print(row, flush=True)


if __name__ == "__main__":
    app()
