from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsl_shared import ConfigError, Store, StoreError
from lsl_tools.review.answering import ContradictionError, is_shared
from lsl_tools.review.cards import card, cards
from lsl_tools.review.order import Query, ordered
from lsl_tools.review.request import Asked, checked_name, parse
from lsl_tools.review.session import Session, Settings

Ask = Callable[..., Asked]


@pytest.fixture
def ask() -> Ask:
    """Makes requests, each with a key of its own unless one is named."""
    count = 0

    def make(kind: str, rows: list[int], value: str, **more: Any) -> Asked:
        nonlocal count
        count += 1
        entry = {"kind": kind, "rows": rows, "value": value, "who": "Ada", "key": f"key-{count:05d}", "task": "stage"}
        return parse(entry | more, 90)

    return make


def test_what_the_model_says_keeps_to_the_coarse_label(session: Session) -> None:
    images = session.images
    allowed = images.allowed()
    known = images.guess >= 0
    assert allowed[np.flatnonzero(known), images.guess[known]].all()
    assert (images.guess[images.coarse == 0] == -1).all()  # of 1-3, which has no stages
    assert images.probabilities is not None
    row = int(np.flatnonzero(known & (allowed.sum(1) == 2))[0])
    within = np.where(allowed[row], images.probabilities[row], 0)
    assert images.probability[row] == pytest.approx(within.max() / within.sum(), rel=1e-5)


def test_an_answer_is_shown_kept_and_written(session: Session, store: Path, ask: Ask) -> None:
    row = int(np.flatnonzero((session.images.label < 0) & (session.images.coarse == 1))[0])
    assert session.answer(ask("label", [row], "5")) == (row,)
    assert card(session.images, row)["label"] == 1 and session.images.by[row] == "Ada"
    assert (session.waiting, session.save().labels, session.waiting) == (1, 1, 0)
    with Store(store) as opened:
        assert opened.labels("stage")[row] == 1
    assert session.images.label[row] == 1 and session.images.by[row] == "Ada"


def test_the_guess_is_accepted_for_many_and_undone_at_once(session: Session, ask: Ask) -> None:
    rows = np.flatnonzero((session.images.label < 0) & (session.images.guess >= 0))[:5].tolist()
    session.answer(ask("label", rows, "(guess)"))
    assert (session.images.label[rows] == session.images.guess[rows]).all()
    assert session.undo("Grace", "undo-00001") == ((), 0)  # nothing of hers
    undone, count = session.undo("Ada", "undo-00002")
    assert (sorted(undone), count) == (rows, 5)
    assert (session.images.label[rows] == -1).all()
    session.undo("Ada", "undo-00002")  # repeated
    assert len(session.journal) == 6


def test_a_label_that_contradicts_is_asked_about_and_corrects_the_coarse_one(session: Session, ask: Ask) -> None:
    row = int(np.flatnonzero((session.images.label < 0) & (session.images.coarse == 3))[0])
    with pytest.raises(ContradictionError, match="4 is not in 9-10"):
        session.answer(ask("label", [row], "4"))
    assert len(session.journal) == 0
    session.answer(ask("label", [row], "4", force=True))
    assert (session.images.label[row], session.images.coarse[row]) == (0, 1)
    assert session.images.allowed()[row].tolist() == [True, True, False, False]
    session.undo("Ada", "undo-00001")
    assert (session.images.label[row], session.images.coarse[row]) == (-1, 3)


def test_a_repeated_request_is_answered_once(session: Session, ask: Ask) -> None:
    row = int(np.flatnonzero(session.images.guess >= 0)[0])
    for _ in range(2):
        assert session.answer(ask("view", [row], "dorsal", key="the-same-key")) == (row,)
    assert len(session.journal) == 1 and len(session.touched) == 1


def test_a_second_server_says_who_holds_the_store(session: Session, store: Path) -> None:
    with pytest.raises(StoreError, match=r"is under review by process \d+ on .* since .*; if it is no more, delete"):
        Session(Settings(store, "Grace"))
    session.close()
    Session(Settings(store, "Grace")).close()


def test_what_was_not_saved_is_there_again(session: Session, store: Path, ask: Ask) -> None:
    row = int(np.flatnonzero((session.images.label < 0) & (session.images.coarse == 1))[0])
    session.answer(ask("label", [row], "5"))
    session.close()
    again = Session(Settings(store, "Ada"))
    assert (again.waiting, again.images.label[row]) == (1, 1)
    again.close()


def test_a_second_person_sees_neither_label_nor_guess(session: Session, ask: Ask) -> None:
    query = Query(second="Grace")
    rows = ordered(session.images, query, session.ledger, 0.5, None).tolist()
    labelled = np.flatnonzero(session.images.label >= 0)
    assert sorted(rows) == [row for row in labelled.tolist() if is_shared(f"image{row:05d}", 0.5)]
    assert 0 < len(rows) < len(labelled)
    told = cards(session.images, session.ledger, rows, "Grace")
    assert {(one["label"], one["guess"], one["by"]) for one in told} == {(-1, -1, "")}
    assert not any({"p", "set", "within"} & set(one) for one in told)


def test_a_second_answer_leaves_the_first(store: Path, ask: Ask) -> None:
    session = Session(Settings(store, "Ada", second=1.0))
    rows = ordered(session.images, Query(second="Grace"), session.ledger, 1.0, None).tolist()
    first = session.images.label[rows[0]]
    session.answer(ask("second", rows[:1], "9", who="Grace"))
    assert session.images.label[rows[0]] == first
    (kept,) = session.ledger.given("second")
    assert (kept.value, kept.old, kept.by) == ("9", session.images.space.classes[first], "")
    assert rows[0] not in ordered(session.images, Query(second="Grace"), session.ledger, 1.0, None)
    unlabelled = int(np.flatnonzero(session.images.label < 0)[0])
    with pytest.raises(ConfigError, match="is not among the images that Grace labels a second time"):
        session.answer(ask("second", [unlabelled], "9", who="Grace"))
    session.close()


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ([], "JSON object"), ({"kind": "undo"}, "kind must be one of"), ({"rows": []}, "rows must be a list"),
        ({"rows": [90]}, "from 0 to 89"), ({"rows": [-1]}, "from 0 to 89"), ({"rows": [True]}, "from 0 to 89"),
        ({"rows": ["1"]}, "from 0 to 89"), ({"key": "../../etc"}, "key must be"), ({"who": "a\nb"}, "a name has"),
        ({"who": "a/b"}, "a name has"), ({"value": "x" * 201}, "value must be"), ({"value": 5}, "value must be"),
        ({"rows": list(range(90)) * 60}, "rows must be a list"),
    ],
)  # fmt: skip
def test_requests_that_make_no_sense_are_refused(entry: Any, told: str) -> None:
    good = {"kind": "label", "rows": [1], "value": "9", "who": "Ada", "key": "key-00001"}
    with pytest.raises(ConfigError, match=told):
        parse(good | entry if isinstance(entry, dict) else entry, 90)


def test_unknown_classes_views_and_turns_are_refused(session: Session, ask: Ask) -> None:
    for kind, told in (("label", "no class"), ("view", "a view is"), ("turn", "an image is turned")):
        with pytest.raises(ConfigError, match=told):
            session.answer(ask(kind, [1], "<b>"))
    assert checked_name("  Åsa Öz ") == "Åsa Öz"
