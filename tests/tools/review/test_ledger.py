from __future__ import annotations

from collections.abc import Callable

from lsl_tools.review.answer import Answer
from lsl_tools.review.ledger import Ledger

Given = Callable[..., Answer]
SLOT = ("label", "stage", 1)


def test_the_last_answer_stands_and_undo_brings_back_what_was_there(given: Given) -> None:
    first, second = given(row=1, value="5", old="9"), given(row=1, value="7", old="5", who="Grace")
    ledger = Ledger([first, second])
    assert (ledger.value(SLOT), ledger.who(SLOT)) == ("7", "Grace")
    ledger.add(given("undo", -1, second.key))
    assert (ledger.value(SLOT), ledger.who(SLOT)) == ("5", "Ada")
    ledger.add(given("undo", -1, first.key, who="Grace"))
    assert (ledger.value(SLOT), ledger.who(SLOT)) == ("9", "Grace")


def test_undo_takes_back_all_that_was_answered_at_once(given: Given) -> None:
    both = [given(row=row, value="5", key="at-once-1") for row in (1, 2)]
    ledger = Ledger([given(row=2, value="4"), *both])
    assert ledger.last_of("Ada") == "at-once-1" and ledger.last_of("Grace") == ""
    assert ledger.add(given("undo", -1, "at-once-1")) == [SLOT, ("label", "stage", 2)]
    assert (ledger.value(SLOT), ledger.value(("label", "stage", 2))) == ("", "4")


def test_what_the_store_has_does_not_wait_until_it_is_undone(given: Given) -> None:
    saved, new = given(row=1, value="5"), given(row=2, value="7")
    ledger = Ledger([saved, new], saved=1)
    assert ledger.waiting() == [(("label", "stage", 2), "7")]
    ledger.add(given("undo", -1, saved.key))
    assert dict(ledger.waiting()) == {("label", "stage", 2): "7", SLOT: ""}


def test_second_labels_are_kept_apart_by_person_and_never_go_into_the_store(given: Given) -> None:
    ledger = Ledger([given("second", 1, "5", who="Grace"), given("second", 1, "7", who="Tom")])
    assert ledger.waiting() == []
    assert sorted((one.who, one.value) for one in ledger.given("second")) == [("Grace", "5"), ("Tom", "7")]
