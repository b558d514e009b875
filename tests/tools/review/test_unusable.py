"""What a person finds not usable counts nowhere: neither in training, nor in maps, scores and suggestions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime.evaluation.labels import labels_of
from lsl_runtime.gem.build.mapped_task import mapped_task
from lsl_runtime.gem.build.selection import choose
from lsl_runtime.gem.build.source import Source
from lsl_shared import Annotations, Store
from lsl_tools.labelling.suggest import suggest
from lsl_tools.review.answer import Answer
from lsl_tools.review.journal import Journal, journal_path
from lsl_tools.review.save import save
from lsl_trainer.data.chosen_tasks import ChosenTasks
from lsl_trainer.data.known_labels import known_labels


@pytest.fixture
def rejected(store: Path, given: Callable[..., Answer]) -> list[int]:
    """Every second image is not usable."""
    rows = list(range(0, 90, 2))
    with Store(store) as opened:
        journal = Journal(journal_path(store), list(opened.ids))
    journal.add([given("unusable", row, "torn", key="many-at-once") for row in rows])
    save(store, journal)
    journal.close()
    return rows


def test_it_counts_nowhere(store: Path, rejected: list[int]) -> None:
    with Store(store) as opened, Annotations(store.with_suffix(".annotations.h5")) as answers:
        tasks = ChosenTasks(opened.tasks["stage"], opened.tasks["stage_range"], ())
        known = known_labels(opened, tasks, learns_coarse=True)
        fine, coarse = opened.labels("stage"), opened.labels("stage_range")
        usable = np.setdiff1d(np.arange(90), rejected)
        assert (known.fine[rejected] == -1).all() and (known.coarse[rejected] == -1).all()
        assert (known.fine[usable] == fine[usable]).all() and (known.coarse[usable] == coarse[usable]).all()
        assert not set(known.needed.tolist()) & set(rejected)
        scored = labels_of(opened, "stage", ("4", "5", "7", "9"), [])
        assert (scored[rejected] == -1).all() and (scored[usable] == fine[usable]).all()
        chosen = choose(Source(opened, answers), mapped_task(answers, "stage"), "9").rows
        assert len(chosen) and set(chosen.tolist()) == set(usable) & set(
            np.flatnonzero(answers.class_index("stage") == 3)
        )
    assert not {one.row for one in suggest(store, 50)} & set(rejected)
