"""Do prediction sets, and answers that are sure, hold the right class as often as they promise for genes never seen?

    python tools/bench/coverage.py STORE OUT [--resplits 40] [--calibration cross --calibration split] [--coverage 0.9]
        [--labels 5] [--split random] [--turned]

Trains the method `linear` on features of EfficientNet-lite0, which are computed once and kept in OUT, with another
split of the genes each time. The split is the same for each way to calibrate: genes kept out (split), or all genes in
turn (cross), for which a tenth more genes train. Test images are those with a fine label. Rows go to OUT/STORE.csv as
they come; at the end their means, with 95 % intervals over resplits. Known coarse labels count in what is sure.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from trainings import finished_on_features, logits

from lsl_runtime.evaluation.levels import score_levels
from lsl_shared import Store
from lsl_shared.files.allowed_classes import allowed_in
from lsl_shared.measures.conformal import prediction_set
from lsl_trainer.bundle.manifest import calibrated_tasks
from lsl_trainer.bundle.network_answers import NetworkAnswers
from lsl_trainer.calibration.temperature import softmax
from lsl_trainer.data.load import load_data
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.presets import PRESETS

Names = Annotated[list[str] | None, typer.Option()]


def main(
    store: Path,
    out: Path,
    resplits: int = 40,
    calibration: Names = None,
    coverage: float = 0.9,
    first: int = 0,
    labels: int = 0,
    split: str = "gene",
    turned: bool = False,
) -> None:
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    ways, path = calibration or ["cross", "split"], out / f"{store.stem}-{coverage:g}.csv"
    rows: list[dict[str, float | str]] = []
    with Store(store) as opened:
        for seed in range(first, first + resplits):
            for way in ways:
                config = PRESETS["tiny"].having(
                    method="linear", backbone="efficientnet-lite0", calibration=way, seed=seed, coverage=coverage,
                    label_seed=seed, fine_per_class=labels, split=split, turned=turned,
                )  # fmt: skip
                rows.append({"seed": seed, "calibration": way, **measured(opened, config, out)})
                append(path, rows[-1])
    for way in ways:
        told(way, [row for row in rows if row["calibration"] == way])


def measured(store: Store, config: TrainConfig, folder: Path) -> dict[str, float]:
    """One resplit."""
    data = load_data(store, config)
    training, quick, asked = finished_on_features(data, config, folder)
    sets = {name: logits(quick, getattr(asked, name)) for name in ("calibration", "held", "test")}
    answers = NetworkAnswers(**sets, golden=None)  # type: ignore[arg-type]
    (task,) = calibrated_tasks(answers, data, config, training.left_out)
    place = {name: row for row, name in enumerate(store.ids)}
    rows = np.array([place[name] for name in data.test.ids])
    probabilities, truth = softmax(answers.test, task.temperature), data.test.labels
    chosen = prediction_set(probabilities, task.conformal_threshold)
    allowed = allowed_in(store, task).classes[rows]
    levels = score_levels(task, chosen, truth, data.test.groups, allowed, task.coarse_tasks)
    row: dict[str, float] = {
        "trained": len(data.fine),
        "genes": len(np.unique((data.fine if config.crossed else data.calibration).groups)),
        "promised": float(task.conformal_threshold is not None),
        "images": len(truth),
        "right": float((probabilities.argmax(1) == truth).mean()),
        "covered": float(chosen[np.arange(len(truth)), truth].mean()),
        "size": float(chosen.sum(1).mean()),
    }
    names = ["fine", *(one.name for one in task.coarse_tasks), "list", "none"]
    for name, level in zip(names, levels, strict=False):
        row |= {f"{name}": level.n_images / len(truth), f"{name} right": np.nan if level.right is None else level.right}
    return row


def append(path: Path, row: dict[str, float | str]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def told(way: str, rows: list[dict[str, float | str]]) -> None:
    print(f"{way}: {len(rows)} resplits")
    for name in list(rows[0])[2:]:
        values = np.array([row.get(name, np.nan) for row in rows], dtype=float)
        values = values[np.isfinite(values)]
        if len(values) > 1:
            error = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
            print(f"  {name:>20} {values.mean():7.3f}  ± {error:.3f}")


if __name__ == "__main__":
    typer.run(main)
