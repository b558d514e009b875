from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime.evaluation.labels import check_labels, labels_of, truth_of
from lsl_shared import Manifest, Store, StoreError, Task

Make = Callable[..., Path]


def test_classes_are_matched_by_name_and_unknown_ones_count_as_none(make_store: Make) -> None:
    notes = list[str]()
    with Store(make_store(60)) as store:
        known, classes = store.labels("stage"), store.tasks["stage"].classes
        found = labels_of(store, "stage", (classes[2], "other", classes[0]), notes)
        expected = np.select([known == 2, known == 0], [0, 2], -1)
        assert labels_of(store, "species", ("oak",), notes).tolist() == [-1] * 60
    np.testing.assert_array_equal(found, expected)
    lost = int(np.isin(known, [1, 3]).sum())
    assert lost > 0 and notes == [f"{lost} images have a stage that the model does not know; they count as unlabelled"]


def test_truth_is_that_of_the_stages_a_demo_store_was_drawn_at(make_store: Make) -> None:
    with Store(make_store(60)) as store:
        classes, drawn = store.tasks["stage"].classes, store.truth("stage").astype(int)
        reordered = truth_of(store, Task("stage", classes[::-1]))
        np.testing.assert_array_equal(reordered, np.where(drawn < 0, -1, 3 - drawn))
        assert (truth_of(store, Task("species", classes)) == -1).all()


def test_a_store_without_any_label_of_the_model_is_refused(make_store: Make) -> None:
    task = Task("species", ("oak", "ash"))
    with Store(make_store(20)) as store:
        with pytest.raises(StoreError, match="no labels of species to compare with"):
            check_labels(store, Manifest((16, 40), (task,)))
        check_labels(store, Manifest((16, 40), (task, Task("stage", ("4", "5")))))
