from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_tools.review.cards import card
from lsl_tools.review.order import Query, ordered
from lsl_tools.review.request import parse
from lsl_tools.review.session import Session, Settings

HEADER = "id,gene,doubtful,wrong,same_as,stage_now,stage_maybe,stage,stage_range_now,stage_range_maybe,stage_range"


@pytest.fixture
def audited(store: Path) -> tuple[Path, list[int]]:
    """A store under an audit's table: three labelled images are in doubt, a fourth was labelled otherwise by then."""
    with_answers = Session(Settings(store, "Ada"))
    images = with_answers.images
    rows = [int(row) for row in np.flatnonzero(images.label >= 0)[:4]]
    lines = [HEADER]
    for row, wrong in zip(rows, ("0.300", "0.900", "0.500", "0.800"), strict=True):
        assert images.coarse_space is not None
        label = images.space.classes[images.label[row]] if row != rows[3] else "another"
        coarse = images.coarse_space.classes[images.coarse[row]] if images.coarse[row] >= 0 else ""
        lines.append(f"{images.ids[row]},g,stage,{wrong},,{label},,,{coarse},,")
    with_answers.close()
    lines.append("no such image,g,stage,0.9,,4,,,4-6,,")
    store.with_suffix(".audit.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return store, rows


def shown(session: Session) -> list[int]:
    query = Query.of({"only": "doubtful", "sort": "doubtful"})
    return [int(row) for row in ordered(session.images, query, session.ledger, 0.2, None)]


def test_doubtful_labels_are_shown_the_most_doubtful_first(audited: tuple[Path, list[int]]) -> None:
    store, rows = audited
    session = Session(Settings(store, "Ada"))
    try:
        assert shown(session) == [rows[1], rows[2], rows[0]]
        assert "doubtful" in card(session.images, rows[1])["marks"]
        assert "doubtful" not in card(session.images, rows[3])["marks"]
        label = session.images.space.classes[session.images.label[rows[1]]]
        asked = {"kind": "label", "task": "stage", "rows": [rows[1]], "value": label, "who": "Ada", "key": "0" * 16}
        session.answer(parse(asked, session.images.count))  # the label is right after all
        assert shown(session) == [rows[2], rows[0]]
    finally:
        session.close()


@pytest.mark.parametrize("table", ["", "id,wrong\n\x00", "id,wrong,stage_now\nimage00001,much,4\n", "gene\nx\n"])
def test_a_table_that_cannot_be_read_doubts_nothing(store: Path, table: str, session: Session) -> None:
    store.with_suffix(".audit.csv").write_text(table, encoding="utf-8")
    session.reload()
    assert not (session.images.doubt > 0).any()


def test_without_a_table_nothing_is_doubted(session: Session) -> None:
    assert shown(session) == []
