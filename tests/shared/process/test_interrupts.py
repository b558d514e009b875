from __future__ import annotations

import sys
import weakref

import pytest

from lsl_shared.process.interrupts import interrupts_kept


class Thing:
    pass


def lose(problem: type[BaseException]) -> None:
    """Raises inside the callback of a weak reference, from where nothing is raised further."""

    def callback(_: object) -> None:
        raise problem

    thing = Thing()
    reference = weakref.ref(thing, callback)
    del thing
    assert reference() is None


def test_a_lost_interrupt_is_raised_at_the_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), interrupts_kept() as raise_lost:
        raise_lost()
        lose(KeyboardInterrupt)
        raise_lost()
        raise AssertionError("not reached")
    assert sys.unraisablehook is before
    assert capsys.readouterr().err == ""


def test_other_lost_errors_are_told_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda problem: told.append(problem.exc_type))
    with interrupts_kept() as raise_lost:
        lose(ZeroDivisionError)
        raise_lost()
    assert told == [ZeroDivisionError]
