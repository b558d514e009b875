"""The manners of the commands: errors in plain lines, exit codes, progress with a rate and a time left.

Exit codes: 0 done; 1 an error; 2 from the argument parser alone; 3 done, but some images failed; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from lsl_shared.errors import LslError
from lsl_shared.process.interrupts import interrupts_kept
from lsl_shared.system_errors import reason
from lsl_shared.wording import printable

__all__ = ["SOME_FAILED", "Advance", "Debug", "duration", "new_app", "plain_errors", "progress", "say", "say_some"]

SOME_FAILED = 3
_PLAIN_INTERVAL = 10.0
_MOST_SAID = 20

Advance = Callable[[int], None]
"""Called with the number of items just finished."""

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel="Other")]


def new_app(help: str) -> typer.Typer:
    """A typer application whose errors are ours and whose help is read as written."""
    return typer.Typer(help=help, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


def say(text: str = "") -> None:
    """One line for the user, on standard output."""
    typer.echo(text)


def say_some(lines: Sequence[str], before: str = "", after: str = "") -> None:
    """The first 20 lines, each led by `before`, and how many more there are; `after` tells where."""
    for line in lines[:_MOST_SAID]:
        say(before + printable(line))
    if len(lines) > _MOST_SAID:
        say(f"{before}… and {len(lines) - _MOST_SAID:,} more{after}")


@contextmanager
def plain_errors(debug: bool, resume: str | Callable[[], str] = "") -> Iterator[None]:
    """Turns errors into one or two plain lines and exit code 1, an interrupt into 130 and the `resume` hint.

    A hint that is known only later is made when it is needed.
    """
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except KeyboardInterrupt:
        hint = resume if isinstance(resume, str) else resume()
        typer.echo(f"interrupted. {hint}".rstrip(), err=True)
        raise typer.Exit(130) from None
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except Exception as problem:
        if debug:
            raise
        typer.echo(f"error: {_told(problem)}", err=True)
        raise typer.Exit(1) from None


def _told(problem: Exception) -> str:
    if isinstance(problem, LslError):
        return str(problem)
    if isinstance(problem, OSError) and problem.strerror:
        return f"{problem.filename or 'writing'}: {reason(problem)}"
    return f"{type(problem).__name__}: {problem} (unexpected; --debug shows where)"


@contextmanager
def progress(title: str, total: int, unit: str = "images") -> Iterator[Advance]:
    """A progress bar with rate and time left on standard error; plain lines where it is not a terminal."""
    shown = _bar(title, total, unit) if sys.stderr.isatty() else _lines(title, total, unit)
    with interrupts_kept() as raise_lost, shown as advance:

        def step(count: int) -> None:
            raise_lost()
            advance(count)

        yield step


def duration(seconds: float) -> str:
    """A span of time for people: 8 s, 2 min 05 s, 3 h 20 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return (
        f"{whole // 60} min {whole % 60:02d} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    )


@contextmanager
def _bar(title: str, total: int, unit: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task, pace = bar.add_task(title, total=total, rate=""), _Pace()

        def advance(count: int) -> None:
            per_second = pace.after(count, time.monotonic())
            bar.update(task, advance=count, rate=f"{per_second:,.1f} {unit}/s" if per_second else "")

        yield advance


@contextmanager
def _lines(title: str, total: int, unit: str) -> Iterator[Advance]:
    started = told = time.monotonic()
    pace = _Pace()

    def advance(count: int) -> None:
        nonlocal told
        now = time.monotonic()
        rate = pace.after(count, now)
        if now - told >= _PLAIN_INTERVAL and pace.done < total:
            told = now
            left = f", {rate:,.1f}/s, {duration((total - pace.done) / rate)} left" if rate else ""
            typer.echo(f"{title}: {pace.done:,} of {total:,} {unit}{left}", err=True)

    yield advance
    spent = time.monotonic() - started
    typer.echo(f"{title}: {pace.done:,} {unit} in {duration(spent)} ({pace.done / max(spent, 1e-9):,.1f}/s)", err=True)


class _Pace:
    """How fast it goes since the first count, which may be of what an earlier process has done."""

    def __init__(self) -> None:
        self.done = 0
        self._first: tuple[int, float] | None = None

    def after(self, count: int, now: float) -> float:
        """Counts; what passes in a second, 0 where it is too early to say."""
        self.done += count
        if self._first is None:
            self._first = self.done, now
        before, since = self._first
        return (self.done - before) / max(now - since, 1e-9)
