"""How often the shipped network finds anterior and dorsal, on photographs of genes that it has not learnt from.

    lsl-store import flyexpress real.h5          (standardized: anterior left, dorsal up)
    python tools/bench/orientation.py real.h5
    python tools/bench/orientation.py evidence.csv

With a store, it asks the shipped file about the genes that the file names as held out. The images are shown as they
are, and also disturbed as segmentation disturbs them (`tools/bench/standardize.py composites` makes composites of
them).

With a CSV, it counts what `tools/orientation/train_orientation.py --evidence` wrote: every gene, answered by networks
that had not seen it, and composites of the genes that the network was developed on.

Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_shared import Store
from lsl_tools.standardize.orientation import Orienter

LATE = 2
"""The first stage range that counts as late, 7-8."""
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Answers:
    """What the network says of n images whose orientation is known."""

    right_x: Flags
    certain_x: Flags
    right_y: Flags
    certain_y: Flags
    lateral: Flags
    ranges: NDArray[np.int16]


def main() -> None:
    """Parses, asks, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a store of standardized photographs, or evidence.csv")
    source = parser.parse_args().source
    orienter = Orienter.load(threads=1)
    if source.suffix == ".csv":
        print_table("every gene, by networks that had not seen it", from_evidence(source, orienter, composed=False))
        print_table("composites of the genes that it was developed on", from_evidence(source, orienter, composed=True))
        return
    held = set(orienter.manifest.training["held_out_genes"])
    with Store(source) as store:
        chosen = np.isin(store.genes, list(held))
        images, lateral = store.select(np.flatnonzero(chosen)), store.views[chosen] == "lateral"
        ranges = store.labels("stage_range")[chosen]
    print_table(f"held-out genes {', '.join(sorted(held))}, as they are", asked(orienter, images, lateral, ranges))
    repeated = np.concatenate(list(disturbed(images, 5)))
    many = asked(orienter, repeated, np.tile(lateral, 5), np.tile(ranges, 5))
    print_table("the same, each five times with another small turn, shift, scale and cut-out", many)
    started = time.process_time()
    orienter.choose(repeated)
    print(f"\n{(time.process_time() - started) / len(repeated) * 1000:.1f} ms of one core's time an image")


def asked(orienter: Orienter, images: NDArray[np.uint8], lateral: Flags, ranges: NDArray[np.int16]) -> Answers:
    """What the network says of images. A mirrored image would get the mirrored answer, so one is enough."""
    turns = orienter.choose(images)
    return Answers(~turns.flip_x, turns.certain_x, ~turns.flip_y, turns.certain_y, lateral, ranges)


def from_evidence(path: Path, orienter: Orienter, composed: bool) -> Answers:
    """The answers in a table of log-odds, for photographs or composites, with the thresholds of the shipped file."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if (row["composite"] != "0") == composed]
    odds = np.array([[float(row["odds_x"]), float(row["odds_y"])] for row in rows])
    certain = 1 / (1 + np.exp(-np.abs(odds))) >= np.array(orienter.thresholds)
    lateral = np.array([row["lateral"] == "True" for row in rows])
    ranges = np.array([int(row["stage_range"]) for row in rows], np.int16)
    return Answers(odds[:, 0] < 0, certain[:, 0], odds[:, 1] < 0, certain[:, 1], lateral, ranges)


def disturbed(images: NDArray[np.uint8], times: int) -> Iterator[NDArray[np.uint8]]:
    """The images turned by up to 2°, shifted and scaled by up to 2 %, their outline moved in by up to 3 pixels."""
    generator = np.random.default_rng(7)
    for _ in range(times):
        yield np.stack([_disturbed(image, generator) for image in images])


def _disturbed(image: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    outside = (image.min(axis=2) > 250).astype(np.uint8)
    kernel = np.ones((2 * int(generator.integers(0, 4)) + 1,) * 2, np.uint8)
    moved = image.copy()
    moved[cv2.dilate(outside, kernel) > 0] = 255
    turn, scale = generator.uniform(-2, 2), 1 + generator.uniform(-0.02, 0.02)
    matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), turn, scale), np.float64)
    matrix[:, 2] += generator.uniform(-0.02, 0.02, 2) * (width, height)
    return np.asarray(cv2.warpAffine(moved, matrix, (width, height), borderValue=(255, 255, 255)), np.uint8)


def print_table(title: str, answers: Answers) -> None:
    """Prints a row for each axis and time: anterior of all images, dorsal of lateral ones."""
    print(f"\n{title}: {len(answers.ranges)} images\n")
    print(
        "| axis | stage ranges | right | certain | certain ones right | wrong ones flagged |\n|---|---|---|---|---|---|"
    )
    late = answers.ranges >= LATE
    for name, chosen in (("1-3 and 4-6", ~late), ("7-8 and later", late)):
        print_row("anterior", name, answers.right_x[chosen], answers.certain_x[chosen])
    for name, chosen in (("1-3 and 4-6", ~late), ("7-8 and later", late)):
        rows = chosen & answers.lateral
        print_row("dorsal (lateral views)", name, answers.right_y[rows], answers.certain_y[rows])


def print_row(axis: str, name: str, right: Flags, certain: Flags) -> None:
    """Prints one row of the table: shares with their intervals."""
    cells = (right, certain, right[certain], ~certain[~right])
    print(f"| {axis} | {name} | " + " | ".join(share(cell) for cell in cells) + " |")


def share(found: Flags) -> str:
    """A text such as 26 of 27, 96 % (82 % to 99 %)."""
    count, total = int(found.sum()), len(found)
    if not total:
        return "0"
    z, rate = 1.96, count / total
    middle = (rate + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(rate * (1 - rate) / total + z * z / (4 * total**2)) / (1 + z * z / total)
    return f"{count} of {total}, {rate:.0%} ({max(middle - half, 0):.0%} to {min(middle + half, 1):.0%})"


if __name__ == "__main__":
    main()
