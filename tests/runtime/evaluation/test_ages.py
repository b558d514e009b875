from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime import Model, annotate, evaluate
from lsl_runtime.evaluation.ages import score_ages
from lsl_shared import Store, Timetable

TABLE = Timetable(("4", "5", "7", "9"), (0.0, 10.0, 40.0, 60.0), (10.0, 40.0, 60.0, 80.0))


def _with_time(path: Path, time: np.ndarray) -> Path:
    with h5py.File(path, "r+") as file:
        if "truth/time" in file:
            del file["truth/time"]
        file["truth/time"] = time.astype(np.float32)
    return path


def test_worked_by_hand(make_store: Callable[..., Path]) -> None:
    """Three images of known time; the fourth is of stage 6, which the timetable lacks."""
    time = np.array([4.5, 5.5, 9.5, 6.5, *[np.nan] * 6])
    places = np.full((10, 3), np.nan)
    places[:4] = [[0.2, 0.6, 0.9], [1.6, 1.7, 1.8], [3, 3.25, 3.6], [2, 2, 2]]
    with Store(_with_time(make_store(10), time)) as store:
        found = score_ages(store, TABLE, places, np.array([0, 2, 3] + [0] * 7), np.full(10, -1), np.arange(10))
    assert found is not None and (found.against, found.n_images, found.unit) == ("truth", 3, "minutes")
    # true ages 5, 25, 70; told 6, 31, 65; middles of the classes given 5, 50, 70
    assert found.error == pytest.approx(4) and found.middle_error == pytest.approx(25 / 3)
    assert found.covered == pytest.approx(2 / 3) and found.rank_correlation is None


def test_without_a_truth_labels_count_by_their_middles(make_store: Callable[..., Path]) -> None:
    places = np.array([[0.1, 0.5, 0.9], [1.2, 1.5, 1.8], [0, 0.5, 1.0]])
    with Store(make_store(3)) as store:
        found = score_ages(store, TABLE, places, np.array([0, 1, 0]), np.array([0, 1, 2]), np.arange(3))
    assert found is not None and (found.against, found.within) == ("middles", None)
    assert found.error == pytest.approx(45 / 3) and found.covered == pytest.approx(2 / 3)


def test_ages_are_scored_alike_from_the_model_and_from_annotations(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path]
) -> None:
    store, model = make_store(60), Model.load(make_bundle(), "cpu")
    predicted = evaluate(store, model, everything=True).age
    annotate(store, model)
    stored = evaluate(store, model, everything=True).age
    assert predicted is not None and stored is not None and predicted.n_images == stored.n_images > 10
    assert predicted.error == pytest.approx(stored.error, rel=1e-4) and predicted.covered == stored.covered
