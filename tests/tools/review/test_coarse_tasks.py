"""A store under review whose stages have two coarse tasks: 1-3, 4-6, … and 4-5, 6-9, of which the second overlaps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared import Store
from lsl_tools.review.answering import ContradictionError
from lsl_tools.review.cards import card, classes_told
from lsl_tools.review.request import Asked, parse
from lsl_tools.review.session import Session, Settings

FISH = ("1-3", "4-5", "5-9")
SETS = [[0, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 1]]  # over stages 4, 5, 7, 9


@pytest.fixture
def both(store: Path) -> Iterator[Session]:
    """Under review by Ada; images 0 to 8 have labels of both, the others one of 5-9."""
    with h5py.File(store, "a") as file:
        file["labels/fish"] = np.where(np.arange(90) < 9, np.arange(90) % 3, 2).astype(np.int16)
        file["labels/fish"].attrs["classes"] = list(FISH)
        file["allows/stage/fish"] = np.array(SETS, np.uint8)
        file["labels/stage_range"][...] = np.where(np.arange(90) < 9, 1, file["labels/stage_range"][...])
    opened = Session(Settings(store, "Ada"))
    yield opened
    opened.close()


def label(row: int, value: str, *, task: str = "stage", force: bool = False) -> Asked:
    entry = {"kind": "label", "rows": [row], "value": value, "who": "Ada", "key": f"{task}-{row}-{value}-{force}"}
    return parse(entry | {"task": task, "force": force}, 90)


def test_images_show_all_that_is_known_and_what_it_leaves(both: Session) -> None:
    shown = [card(both.images, row) for row in range(3)]
    assert [one["known"] for one in shown] == ["4-6 and 1-3", "4-6 and 4-5", "4-6 and 5-9"]
    assert [one["allowed"] for one in shown] == [[], [0, 1], [1]]
    assert both.images.several()[:3].tolist() == [False, True, False]
    np.testing.assert_array_equal(both.images.allowed(), both.images.allowed_of(np.arange(90)))
    assert [one["parent"] for one in classes_told(both.images)] == [1, 1, 2, 3]


def test_what_a_label_contradicts_is_corrected_where_one_class_allows_it(both: Session, store: Path) -> None:
    with pytest.raises(ContradictionError, match="9 is not in 4-6 and 4-5"):
        both.answer(label(1, "9"))
    both.answer(label(1, "9", force=True))
    known = {name: int(found[1]) for name, found in both.images.known.items()}
    assert known == {"stage_range": 3, "fish": 2} and both.images.label[1] == 3
    both.answer(label(3, "5", force=True))  # 4-6 allows it, 1-3 does not, and two others do
    assert {name: int(found[3]) for name, found in both.images.known.items()} == {"stage_range": 1, "fish": -1}
    both.answer(label(2, "4-5", task="fish"))
    assert both.images.allowed_of(2).tolist() == [True, True, False, False]
    both.save()
    with Store(store) as opened:
        assert opened.labels("fish")[[1, 2, 3]].tolist() == [2, 1, -1]
        assert opened.labels("stage")[[1, 3]].tolist() == [3, 1]
