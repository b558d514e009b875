from __future__ import annotations

import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from lsl_shared.process.interrupts import interrupts_kept, interrupts_outside


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """As a program in the foreground; one in the background may have been told to ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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


def at_work(steps: list[str]) -> None:
    """Is interrupted halfway."""
    steps.append("begun")
    signal.raise_signal(signal.SIGINT)
    steps.append("ended")


def until_interrupted() -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        time.sleep(0.001)


def test_an_interrupt_waits_for_the_end_of_a_function() -> None:
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts_outside({at_work.__code__}):
        at_work(steps)
        until_interrupted()
        raise AssertionError("not reached")
    assert steps == ["begun", "ended"]


def test_elsewhere_it_comes_at_once_and_the_handler_is_put_back() -> None:
    before, steps = signal.getsignal(signal.SIGINT), list[str]()
    with pytest.raises(KeyboardInterrupt), interrupts_outside({until_interrupted.__code__}):
        at_work(steps)
    assert steps == ["begun"]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_program_that_ignores_interrupts_goes_on_ignoring_them() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        steps: list[str] = []
        with interrupts_outside(set()):
            at_work(steps)
        assert steps == ["begun", "ended"]
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_leave_the_handler_alone() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def look() -> None:
        with interrupts_outside({at_work.__code__}):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]
