"""Do maps of the images of which the stage is sure come nearer the truth than maps of all images given the stage?

    python tools/bench/sure_maps.py MODEL STORE [STORE ...]

STORE is a demo store that MODEL did not learn from; it is annotated beside a copy. The true map of a stage is the mean
of the true stain (`truth/expression`) over the images that are truly of it, each gene counting once. Tells, over all
stages, the error of the maps (root mean square of the difference inside the embryos, relative to that of the true map
around its mean), how many images they are of, and how many of these are truly of the stage.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import h5py
import numpy as np
import typer
from numpy.typing import NDArray

from lsl_runtime import Model, annotate, build_gems
from lsl_shared import Annotations, GemError, Store

Floats = NDArray[np.float64]


def main(model: Path, stores: list[Path]) -> None:
    loaded, rows = Model.load(model), []
    for path in stores:
        with tempfile.TemporaryDirectory() as folder, Store(path) as store:
            done = annotate(path, loaded, out=Path(folder) / "answers.h5").path
            with Annotations(done) as given:
                answers = {
                    "all": given.class_index("stage"),
                    "sure": np.where(given.sure_level("stage") == "stage", given.class_index("stage"), -1),
                }
            truth = store.truth("stage")
            for stage, name in enumerate(loaded.task.classes):
                true = true_map(store, np.flatnonzero(truth == stage))
                row: dict[str, object] = {"store": path.stem, "stage": name}
                for kind, index in answers.items():
                    chosen = index == stage
                    row |= {
                        f"{kind} images": int(chosen.sum()),
                        f"{kind} right": float((truth[chosen] == stage).mean()) if chosen.any() else np.nan,
                    }
                    row[f"{kind} error"] = error_of(path, name, done, kind == "sure", true)
                rows.append(row)
                print(row, flush=True)
    for name in list(rows[0])[2:]:
        print(f"{name}: {np.nanmean(np.array([row[name] for row in rows], dtype=float)):.3f}")
    both = np.array([[row["all error"], row["sure error"]] for row in rows], dtype=float)
    both = both[np.isfinite(both).all(1)]
    difference = both[:, 1] - both[:, 0]
    error = 1.96 * difference.std(ddof=1) / np.sqrt(len(both))
    print(f"sure less all, {len(both)} maps: {difference.mean():+.3f} ± {error:.3f}")


def true_map(store: Store, rows: NDArray[np.intp]) -> Floats:
    with h5py.File(store.path) as file:
        stain = file["truth/expression"][rows].astype(np.float64)
    if stain.max() > 1:
        stain /= 255
    _, gene, counts = np.unique(store.groups()[rows], return_inverse=True, return_counts=True)
    weights = 1 / counts[gene]
    return np.asarray(np.tensordot(weights / weights.sum(), stain, 1), dtype=np.float64)


def error_of(store: Path, stage: str, annotations: Path, sure: bool, true: Floats) -> float:
    """The map's error: both maps are scaled to the same mean, for stain density is not the true stain itself."""
    try:
        (gem,) = build_gems(store, [stage], masked=False, annotations=annotations, sure=sure)
    except GemError:
        return float("nan")
    inside = true > 0
    found, wanted = gem.gem[inside] / gem.gem[inside].mean(), true[inside] / true[inside].mean()
    return float(np.sqrt(((found - wanted) ** 2).mean()) / wanted.std())


if __name__ == "__main__":
    typer.run(main)
