from pathlib import Path

import numpy as np
import pytest

from lsl_shared import Store
from lsl_shared.errors import ConfigError, TrainingError
from lsl_trainer.data.further_tasks import frequent_terms, further_tasks, known_rows, never_carried, range_labels
from lsl_trainer.data.load import load_data
from tests.support.squares import COARSE, FINE, small_config


def test_labels_of_further_tasks_come_along(termed: Path) -> None:
    with Store(termed) as store:
        data = load_data(store, small_config().having(method="plain", tasks=("marks", "side")))
        fine, marks, side = store.labels("corner"), store.terms("marks").astype(int), store.labels("side")
    assert [(task.name, task.terms) for task in data.further] == [("marks", True), ("side", False)]
    rows = np.array([int(name.removeprefix("image")) for name in data.fine.ids])
    assert rows.tolist() == np.flatnonzero(data.part == 0).tolist()  # all of them know their side
    np.testing.assert_array_equal(data.fine.labels, fine[rows])
    np.testing.assert_array_equal(data.fine.others["marks"], np.where(marks == 255, -1, marks)[rows])
    np.testing.assert_array_equal(data.fine.others["side"], side[rows])
    assert data.held is not None and data.held_ranges is not None
    held = np.array([int(name.removeprefix("image")) for name in data.held.ids])
    assert held.tolist() == np.flatnonzero(data.part == 1).tolist()
    np.testing.assert_array_equal(data.held_ranges, side[held])
    assert (data.calibration.labels >= 0).all()
    assert (data.test.labels >= 0).all()


def test_the_data_s_digest_counts_them(termed: Path) -> None:
    with Store(termed) as store:
        config = small_config().having(method="plain")
        assert load_data(store, config).digest != load_data(store, config.having(tasks=("marks",))).digest


def test_a_task_that_is_not_there(termed: Path) -> None:
    with Store(termed) as store:
        with pytest.raises(ConfigError, match=r"--task age: no further task .*beside corner: side, marks"):
            further_tasks(store, ("age",), "corner")
        with pytest.raises(ConfigError, match="--task corner"):
            further_tasks(store, ("corner",), "corner")


def test_terms_that_cannot_be_learnt_are_named(termed: Path) -> None:
    with Store(termed) as store:
        (task,) = further_tasks(store, ("marks",), "corner")
    assert never_carried(task, task.labels) == ("never",)
    with pytest.raises(TrainingError, match=r"no training image carries any term of 'marks': annotate more genes"):
        never_carried(task, np.where(task.labels == 1, 0, task.labels))
    assert known_rows([task], 120).sum() == 80


def test_the_range_is_the_coarse_class_or_follows_from_the_fine_one(termed: Path) -> None:
    with Store(termed) as store:
        np.testing.assert_array_equal(range_labels(store, FINE), store.labels("side"))
        np.testing.assert_array_equal(range_labels(store, COARSE), store.labels("side"))


def test_terms_of_three_genes() -> None:
    labels = np.array([[1, 1, 0], [1, 0, 1], [1, 1, -1], [1, 1, 1]])
    assert frequent_terms(labels, np.array([0, 1, 2, 2])).tolist() == [0]
    assert frequent_terms(labels, np.array([0, 1, 2, 2]), least=2).tolist() == [0, 1, 2]
