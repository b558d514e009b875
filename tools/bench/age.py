"""Age and maps at an age against what the demo store knows: errors, order within a stage, intervals, maps.

python tools/bench/age.py STORE ANNOTATIONS SPLIT [--maps]      SPLIT is the bundle's split.csv: test images are judged
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime import build_age_gems, build_gem
from lsl_shared import Annotations, Store
from lsl_tools.demo.dataset import plan_images
from lsl_tools.demo.photograph import draw_photograph
from lsl_tools.demo.render import render

FIRST, CLASSES = 4, 14
TIMES = (10.0, 12.0, 14.0)
"""Where two stages meet: half a stage from the middle of either."""


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("split", type=Path)
    parser.add_argument("--maps", action="store_true", help="judge maps at an age, too")
    parser.add_argument("--bandwidth", type=float, nargs="*", help="in minutes")
    given = parser.parse_args()
    found = judged(given.store, given.annotations, given.split)
    if given.maps:
        found["maps"] = maps(given.store, given.annotations, given.bandwidth or [None])
    print(json.dumps(found, default=float))


def judged(store: Path, annotations: Path, split: Path) -> dict[str, object]:
    """Errors of the ages of test images beside those of the middle of the predicted stage."""
    with split.open(encoding="utf-8") as stream:
        part = {row["id"]: row["part"] for row in csv.DictReader(stream)}
    with Store(store) as images, Annotations(annotations) as given:
        stage, predicted, table = images.truth("stage"), given.class_index("stage"), given.timetable("stage")
        test = np.array([part.get(name) == "test" for name in images.ids]) & (stage >= 0) & (predicted >= 0)
        place = np.clip(images.truth("time")[test].astype(float) - FIRST, 0, CLASSES - 1e-6)
        age, ends = given.age("stage")[test], given.age_interval("stage")[test]
    true, middle = table.ages(place), table.ages(predicted[test] + 0.5)
    inside = [(_rank(age[stage[test] == k], true[stage[test] == k]), (stage[test] == k).sum()) for k in range(CLASSES)]
    known = np.array([one for one in inside if one[1] >= 5])
    return {
        "images": int(test.sum()),
        "error, minutes": np.abs(age - true).mean(),
        "error of the middle": np.abs(middle - true).mean(),
        "ratio": np.abs(age - true).mean() / np.abs(middle - true).mean(),
        "ratio in stages": np.abs(table.positions(age) - place).mean() / np.abs(predicted[test] + 0.5 - place).mean(),
        "rank correlation": _rank(age, true),
        "rank correlation within stages": np.average(known[:, 0], weights=known[:, 1]),
        "covered": ((ends[:, 0] <= true) & (true <= ends[:, 1])).mean(),
    }


def maps(store: Path, annotations: Path, bandwidths: list[float | None]) -> list[dict[str, object]]:
    """Errors of maps at an age, and of those of both stages that meet there, against what all genes show then."""
    found: list[dict[str, object]] = []
    with Annotations(annotations) as given:
        ages = given.timetable("stage").ages(np.array(TIMES) - FIRST).tolist()
    for time, age in zip(TIMES, ages, strict=True):
        truth = _truth(store, time)
        line: dict[str, object] = {"stage": time, "minutes": age}
        for name in (str(int(time) - 1), str(int(time))):
            line[f"stage {name}"] = _error(build_gem(store, name, masked=False, annotations=annotations).gem, truth)
        for width in bandwidths:
            (gem,) = build_age_gems(store, [age], bandwidth=width, annotations=annotations)
            line[gem.selection] = _error(gem.gem, truth)
        found.append(line)
    return found


def _truth(store: Path, time: float) -> NDArray[np.float64]:
    """What all genes of a demo store show at a time, drawn anew: the mean stain density (H, W)."""
    with Store(store) as images:
        seed, count = int(images.sources[0].rpartition(" ")[2]), len(images)
    genes = {plan.gene.name: plan for plan in plan_images(count, seed=seed)}
    total: NDArray[np.float64] = np.zeros((128, 320))
    for plan in genes.values():
        photograph = draw_photograph(plan.gene, np.random.default_rng([seed, 2, plan.index]))
        total += render(time, plan.gene, photograph)[1] / 255
    return total / len(genes)


def _error(gem: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Root mean square of what is left when the map is brought to the scale of the truth."""
    scale = (gem * truth).sum() / (gem * gem).sum()
    return float(np.sqrt(((scale * gem - truth) ** 2).mean()) / truth.std())


def _rank(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Spearman's correlation."""
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1]) if len(one) > 2 else np.nan


if __name__ == "__main__":
    main()
