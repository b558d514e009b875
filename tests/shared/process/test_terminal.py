from __future__ import annotations

import sys
import time

import pytest
import typer

from lsl_shared.errors import StoreError
from lsl_shared.process import terminal
from lsl_shared.process.terminal import duration, plain_errors, progress, say_some


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (StoreError("a.h5", "is empty"), "error: a.h5: is empty\n"),
        (PermissionError(13, "Permission denied", "a.h5"), "error: a.h5: Permission denied\n"),
        (OSError(28, "No space left on device"), "error: writing: No space left on device\n"),
        (ZeroDivisionError("division"), "error: ZeroDivisionError: division (unexpected; --debug shows where)\n"),
    ],
)
def test_errors_become_one_line_and_exit_1(problem: Exception, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught, plain_errors(debug=False):
        raise problem
    assert caught.value.exit_code == 1
    assert capsys.readouterr() == ("", told)


def test_debug_lets_the_error_through() -> None:
    with pytest.raises(StoreError), plain_errors(debug=True):
        raise StoreError("a.h5", "is empty")


def test_interrupt_says_how_to_resume(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught, plain_errors(debug=False, resume="Type it again."):
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130
    assert capsys.readouterr().err == "interrupted. Type it again.\n"


def test_an_exit_keeps_its_code() -> None:
    with pytest.raises(typer.Exit) as caught, plain_errors(debug=False):
        raise typer.Exit(terminal.SOME_FAILED)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599, "59 min 59 s"),
        (12000, "3 h 20 min"),
    ],
)
def test_duration(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_long_lists_are_cut_short_and_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say_some(["a\x1b[2J", *map(str, range(2500))], "failed: ", " in failed.csv")
    told = capsys.readouterr().out.splitlines()
    assert (told[0], told[-1], len(told)) == ("failed: a?[2J", "failed: … and 2,481 more in failed.csv", 21)


def test_plain_progress(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 5.0, 12.0, 20.0, 25.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with progress("annotating", 400) as advance:
        advance(100)  # after 5 s: too early to say
        advance(140)  # after 12 s: 240 done, 20 a second
        advance(160)
    assert capsys.readouterr().err.splitlines() == [
        "annotating: 240 of 400 images, 20.0/s, 8 s left",
        "annotating: 400 images in 25 s (16.0/s)",
    ]


def test_what_was_done_before_says_nothing_of_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 15.0, 26.0, 30.0, 30.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with progress("annotating", 1000) as advance:
        advance(900)  # by an interrupted process
        advance(22)  # 11 s later
        advance(78)
    assert capsys.readouterr().err.splitlines()[:2] == [
        "annotating: 900 of 1,000 images",
        "annotating: 922 of 1,000 images, 2.0/s, 39 s left",
    ]


def test_progress_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("annotating", 0):
        pass
    assert "annotating: 0 images" in capsys.readouterr().err


def test_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress("annotating", 3) as advance:
        advance(3)
    assert "3/3" in capsys.readouterr().err
