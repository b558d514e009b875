"""Draws and prints what label_efficiency.py and labelling_loop.py have measured so far.

    python tools/bench/label_figure.py OUT

Writes OUT/label_efficiency.png. It has a panel for each store and recipe: accuracy against fine labels a class, with
the mean and the range over seeds. One more panel shows simulated labelling. Prints the tables in Markdown, and how many
labels coarse-constrained saves.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import typer
from label_rows import METHODS, Row, read
from matplotlib.axes import Axes

COLOURS = dict(zip(METHODS, ("#8c8c8c", "#d99a2b", "#b5482a", "#6a51a3", "#3182bd", "#1b7837"), strict=True))
SCORES = {"pollen": "several", "demo": "accuracy"}
NAMES = {"pollen": "POLLEN73S: species of families with several", "demo": "synthetic embryos: stage"}
EVERYTHING = 25
"""Where `all` is drawn on the axis of labels: pollen has about 25 training images a species."""


def main(out: Path) -> None:
    panels = [(data, recipe) for data in NAMES for recipe in ("modern", "paper") if chosen(out, data, recipe)]
    bought = read_loop(out / "loop.csv")
    count = len(panels) + bool(bought)
    figure = plt.figure(figsize=(10.4, 4.2 * -(-count // 2)), layout="constrained")
    axes = [figure.add_subplot(-(-count // 2), 2, place + 1) for place in range(count)]
    for one, (data, recipe) in zip(axes, panels, strict=False):
        rows = chosen(out, data, recipe)
        draw(one, rows, SCORES[data])
        one.set_title(f"{NAMES[data]}\n{recipe} recipe", fontsize=10)
        tell(rows, data, recipe)
    if bought:
        draw_loop(axes[-1], bought)
        tell_loop(bought)
    tell_ablation(read(out / "ablation.csv"))
    figure.savefig(out / "label_efficiency.png", dpi=130)


def chosen(out: Path, data: str, recipe: str) -> list[Row]:
    return [row for row in read(out / f"{data}.csv") if row.recipe == recipe]


def values(rows: Sequence[Row], method: str, labels: int, score: str) -> list[float]:
    return [100 * float(getattr(row, score)) for row in rows if (row.method, row.labels) == (method, labels)]


def counts(rows: Sequence[Row]) -> list[int]:
    """The numbers of labels a class in ascending order; 0, which means all, comes last."""
    return sorted({row.labels for row in rows}, key=lambda labels: labels or 10**6)


def draw(axes: Axes, rows: Sequence[Row], score: str) -> None:
    for method in METHODS:
        measured = [k for k in counts(rows) if values(rows, method, k, score)]
        places = [k or EVERYTHING for k in measured]
        found = [values(rows, method, k, score) for k in measured]
        axes.plot(places, [np.mean(of) for of in found], "o-", color=COLOURS[method], label=method, ms=4, lw=1.6)
        axes.fill_between(
            places, [min(of) for of in found], [max(of) for of in found], color=COLOURS[method], alpha=0.13
        )
    axes.set_xscale("log")
    axes.set_xticks([k or EVERYTHING for k in counts(rows)], [str(k or "all") for k in counts(rows)])
    axes.minorticks_off()
    axes.set_xlabel("fine labels a class")
    axes.set_ylabel("accuracy on test images, %")
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, loc="lower right")


def tell(rows: Sequence[Row], data: str, recipe: str) -> None:
    scores = ("accuracy", "several", "single", "constrained") if data == "pollen" else (
        "accuracy", "within_one", "constrained", "constrained_within_one"
    )  # fmt: skip
    print(f"\n{NAMES[data]}, {recipe}\n")
    print(f"| method | labels | seeds | {' | '.join(scores)} |\n|{'---|' * (3 + len(scores))}")
    for labels in counts(rows):
        for method in METHODS:
            found = [values(rows, method, labels, score) for score in scores]
            if found[0]:
                told = " | ".join(f"{np.mean(of):.1f} ± {np.std(of, ddof=len(of) > 1):.1f}" for of in found)
                print(f"| {method} | {labels or 'all'} | {len(found[0])} | {told} |")
    tell_savings(rows, SCORES[data])


def tell_savings(rows: Sequence[Row], score: str) -> None:
    """Prints how many labels a class feature-level needs for what coarse-constrained reaches (interpolated)."""
    curve = [(k or EVERYTHING, values(rows, "feature-level", k, score)) for k in counts(rows)]
    known = [(np.log(k), np.mean(of)) for k, of in curve if of]
    for labels in (1, 2, 5):
        reached = values(rows, "coarse-constrained", labels, score)
        if reached and len(known) > 1:
            places, means = zip(*known, strict=True)
            more = np.mean(reached) > max(means)
            needed = np.exp(np.interp(np.mean(reached), np.maximum.accumulate(means), places))
            told = "more than there are" if more else f"{needed:.1f}"
            print(f"{labels} labels a class: {np.mean(reached):.1f} % constrained; feature-level needs {told}")


def read_loop(path: Path) -> dict[str, dict[int, list[float]]]:
    """Accuracies of the seeds, by choice (random or suggest) and number of labels."""
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    if path.exists():
        with path.open(newline="", encoding="utf-8") as stream:
            for _, kind, labels, accuracy in csv.reader(stream):
                found[kind][int(labels)].append(100 * float(accuracy))
    return found


def draw_loop(axes: Axes, found: dict[str, dict[int, list[float]]]) -> None:
    for kind, colour in (("random", "#8c8c8c"), ("suggest", "#1b7837")):
        places = sorted(found[kind])
        axes.plot(places, [np.mean(found[kind][k]) for k in places], "o-", color=colour, label=kind, ms=4)
        low, high = ([bound(found[kind][k]) for k in places] for bound in (min, max))
        axes.fill_between(places, low, high, color=colour, alpha=0.15)
    axes.set_title("simulated labelling, POLLEN73S\nspecies within the known family", fontsize=10)
    axes.set_xlabel("labels bought")
    axes.set_ylabel("accuracy on test images, %")
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, loc="lower right")


def tell_loop(found: dict[str, dict[int, list[float]]]) -> None:
    places = sorted(found["random"])
    random, suggested = ([np.mean(found[kind][k]) for k in places] for kind in ("random", "suggest"))
    print(f"\nsimulated labelling, {len(found['random'][places[0]])} seeds\n")
    print("| labels | random | suggest | saved |\n|---|---|---|---|")
    for k, at_random, better in zip(places, random, suggested, strict=True):
        needed = np.interp(at_random, np.maximum.accumulate(suggested), places)
        print(f"| {k} | {at_random:.1f} | {better:.1f} | {100 * (1 - needed / k):.0f} % |")


def tell_ablation(rows: Sequence[Row]) -> None:
    if not rows:
        return
    print("\n| coarse-constrained, pollen | labels | seeds | several | difference |\n|---|---|---|---|---|")
    for labels in counts(rows):
        whole = {row.seed: row.several for row in rows if (row.variant, row.labels) == ("all of it", labels)}
        for variant in dict.fromkeys(row.variant for row in rows):
            found = {row.seed: row.several for row in rows if (row.variant, row.labels) == (variant, labels)}
            pairs = [100 * (value - whole[seed]) for seed, value in found.items() if seed in whole]
            if pairs:
                mean = 100 * np.mean(list(found.values()))
                print(f"| {variant} | {labels} | {len(found)} | {mean:.1f} | {np.mean(pairs):+.1f} |")


if __name__ == "__main__":
    typer.run(main)
