from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_shared import Store
from lsl_shared.errors import ConfigError
from lsl_trainer.data.chosen_tasks import tasks_beside
from lsl_trainer.data.further_tasks import further_tasks
from lsl_trainer.data.load import load_data
from lsl_trainer.settings.labels import Labels
from lsl_trainer.tasks.classes import ClassTask
from lsl_trainer.tasks.terms import TermTask
from tests.support.squares import small_config


def test_labels_of_further_tasks_come_along(termed: Path) -> None:
    with Store(termed) as store:
        data = load_data(store, small_config().having(method="plain", tasks=("marks", "side")))
        fine, marks, side = store.labels("corner"), store.terms("marks").astype(int), store.labels("side")
    assert [(task.name, type(task)) for task in data.further] == [("marks", TermTask), ("side", ClassTask)]
    rows = np.array([int(name.removeprefix("image")) for name in data.fine.ids])
    assert rows.tolist() == np.flatnonzero(data.part == 0).tolist()  # all of them know their side
    np.testing.assert_array_equal(data.fine.labels, fine[rows])
    np.testing.assert_array_equal(data.fine.others["marks"], np.where(marks == 255, -1, marks)[rows])
    np.testing.assert_array_equal(data.fine.others["side"], side[rows])
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
            tasks_beside(store, Labels(tasks=("age",)), "corner")
        with pytest.raises(ConfigError, match="--task corner"):
            tasks_beside(store, Labels(tasks=("corner",)), "corner")


def test_images_with_a_label_are_known(termed: Path) -> None:
    with Store(termed) as store:
        marks, side = further_tasks(store, ("marks", "side"))
    assert marks.known.sum() == 80 and side.known.all()
