"""A finished comparison in numbers: the scores of each row (the paper's Table II), and their differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import TrainingError
from lsl_shared.labels import LabelSpace
from lsl_shared.measures import metrics
from lsl_trainer.comparing.outcomes import Outcome
from lsl_trainer.comparing.paired import Difference, differences

__all__ = ["Comparison", "RowScores", "Spread", "check_same_images", "row_differences", "row_scores"]


@dataclass(frozen=True)
class Spread:
    """A score over the seeds, 0..1."""

    mean: float
    deviation: float | None
    """Standard deviation between the seeds (n − 1); None for a single seed."""
    values: tuple[float, ...]
    """One for each seed."""


@dataclass(frozen=True)
class RowScores:
    """One row of the tables."""

    name: str
    seeds: tuple[int, ...]
    accuracy: Spread
    """Of all test images."""
    average: Spread
    """Mean of the accuracies of the classes, as in Table II."""
    within_one: Spread | None
    """Share of answers at most one class away; None if the classes have no order."""
    coarse_accuracy: Spread | None
    """Share of answers in the right coarse class; None without a coarse task."""
    macro_f1: Spread
    classes: tuple[Spread | None, ...]
    """Accuracy of each class; None for a class that was never tested."""
    confusion: tuple[tuple[int, ...], ...]
    """(K, K), summed over the seeds; a row for each true class, a column for each predicted one."""
    fine_images: int
    coarse_images: int
    test_images: int
    """The last three are those of the first seed."""
    seconds: float
    """Mean time of a training, without the steps that it shares with a row before it."""


@dataclass(frozen=True)
class Comparison:
    """A finished comparison of methods, as `compare` returns it."""

    path: Path
    """Its folder: report.html, comparison.json, PNG figures, and seed-<s>/<row>.json with all answers."""
    space: LabelSpace
    rows: tuple[RowScores, ...]
    differences: tuple[Difference, ...]
    """Of all pairs of rows."""
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All numbers as JSON values, as comparison.json holds them.

        Returns:
            `task`, `classes`, `rows`, `differences` and `notes`.
        """
        return {
            "task": self.space.name,
            "classes": self.space.classes,
            "rows": [asdict(row) for row in self.rows],
            "differences": [asdict(pair) for pair in self.differences],
            "notes": self.notes,
        }


def check_same_images(by_row: Sequence[Sequence[Outcome]]) -> None:
    """Raises TrainingError if the rows of a seed were asked about different images, or images with other labels."""
    for outcomes in zip(*by_row, strict=True):
        asked = {(outcome.ids, outcome.truth) for outcome in outcomes}
        if len(asked) > 1:
            raise TrainingError(
                f"seed {outcomes[0].seed}: the rows were tested on different images or labels, since the store was "
                "relabelled in between; choose another --out"
            )


def row_scores(outcomes: Sequence[Outcome], space: LabelSpace) -> RowScores:
    """The scores of one row, from its outcome of each seed."""
    pairs = [(np.array(one.truth), np.array(one.predicted)) for one in outcomes]
    counts = [metrics.confusion(truth, predicted, len(space)) for truth, predicted in pairs]
    parent = np.array(space.parent_index)
    return RowScores(
        name=outcomes[0].row,
        seeds=tuple(one.seed for one in outcomes),
        accuracy=_spread([metrics.accuracy(*pair) for pair in pairs]),
        average=_spread([float(np.nanmean(_of_classes(table))) for table in counts]),
        within_one=_spread([metrics.within(*pair) for pair in pairs]) if metrics.is_ordered(space.classes) else None,
        coarse_accuracy=_spread([metrics.accuracy(parent[t], parent[p]) for t, p in pairs]) if space.parent else None,
        macro_f1=_spread([metrics.macro_f1(table) for table in counts]),
        classes=tuple(_class_spread(values) for values in np.transpose([_of_classes(table) for table in counts])),
        confusion=tuple(tuple(map(int, row)) for row in np.sum(counts, axis=0)),
        fine_images=outcomes[0].fine_images,
        coarse_images=outcomes[0].coarse_images,
        test_images=len(outcomes[0].truth),
        seconds=float(np.mean([one.seconds for one in outcomes])),
    )


def row_differences(outcomes: Sequence[Sequence[Outcome]], seed: int) -> list[Difference]:
    """The differences of all pairs of rows; each row has outcomes of the same seeds, in the same order."""
    right = np.stack([np.concatenate([_right(one) for one in row]) for row in outcomes], axis=1)  # (all N, rows)
    groups = np.concatenate([one.groups for one in outcomes[0]])
    return differences([row[0].row for row in outcomes], right, groups, np.random.default_rng([seed, 7]))


def _right(outcome: Outcome) -> NDArray[np.bool_]:
    return np.equal(outcome.truth, outcome.predicted)


def _of_classes(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Accuracy of each class (K,); NaN for a class without images."""
    total = counts.sum(1)
    return np.where(total > 0, np.diag(counts) / np.maximum(total, 1), np.nan)


def _class_spread(values: NDArray[np.float64]) -> Spread | None:
    known = values[~np.isnan(values)].tolist()
    return _spread(known) if known else None


def _spread(values: Sequence[float]) -> Spread:
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(float(np.mean(values)), deviation, tuple(values))
