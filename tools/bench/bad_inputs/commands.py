"""The commands that read files of a kind, run in this process on one file, and what went wrong in them."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import cv2
import typer
from typer.testing import CliRunner, Result

from bad_inputs.bad import EARLIER, Bad
from bad_inputs.pictures import photograph

__all__ = ["Tried", "tried"]

_LONGEST = 60  # seconds for one command
_CODES = (0, 1, 3)


@dataclass(frozen=True)
class Tried:
    """One command on one file: its exit code, and what is wrong with how it ended ('' if nothing)."""

    file: Bad
    command: str
    code: int
    problem: str


class _TooLongError(BaseException):
    """No exception of the commands, so that none catches it."""


def tried(file: Bad, folder: Path) -> Iterator[Tried]:
    """Runs every command that reads files of this kind in an empty `folder`."""
    path = _laid_out(file, folder)
    for name, words in _COMMANDS[file.kind](folder, path):
        before = _everything(folder)
        result = _run(name.split()[0], words)
        problem = _wrong(file, name, result) or _changed(before, _everything(folder), name, result)
        yield Tried(file, name, result.exit_code, problem)
        for made in folder.glob("made*"):
            shutil.rmtree(made) if made.is_dir() else made.unlink()


def _laid_out(file: Bad, folder: Path) -> Path:
    """Puts the file where the commands look for it, and what they need besides."""
    (folder / "p").mkdir()
    good = cv2.imencode(".png", photograph()[..., ::-1])[1].tobytes()
    (folder / "p" / ("1.png" if file.kind == "table" else "good.png")).write_bytes(good)
    path = folder / ("p" if file.kind in ("picture", "table") else ".") / f"bad{file.ending}"
    if file.kind != "store":
        shutil.copyfile(EARLIER / "store.h5", folder / "store.h5")
        shutil.copyfile(WHOLE, folder / "store.annotations.h5")
    if file.kind == "picture":
        (folder / "p" / "names.csv").write_text(f"file\ngood.png\n{path.name}\n")
    (folder / "labels.csv").write_text("id,side\nimage00,left\n")
    file.make(path)
    return path


WHOLE = EARLIER / "store.annotations.h5"
Words = tuple[object, ...]
_LABELLED = ("store.h5", "bad.h5")  # what `label` is there to change
_KEPT = (".rejects.csv", ".rejects.html")
_READ_ALONE = ("info", "check", "sheet", "label", "annotate")  # others hold a store against its annotations
_PLAIN = ("--no-orient", "--keep-flagged", "--workers", 1)


def _for_pictures(folder: Path, path: Path) -> Iterator[tuple[str, Words]]:
    yield "import by a table", (folder / "p" / "names.csv", folder / "made.h5")
    yield "standardize one", (path, folder / "made.h5", *_PLAIN)
    if not path.is_dir() and os.path.lexists(path):  # else a folder holds nothing bad
        (folder / "p" / "names.csv").unlink()
        yield "import a folder", (folder / "p", folder / "made.h5")
        yield "standardize a folder", (folder / "p", folder / "made.h5", *_PLAIN)


def _for_tables(folder: Path, path: Path) -> Iterator[tuple[str, Words]]:
    yield "import its labels", (folder / "p", folder / "made.h5", "--labels", path)
    yield "import what it names", (path, folder / "made.h5")
    yield (
        "standardize its labels",
        (folder / "p", folder / "made.h5", "--labels", path, "--no-orient", "--keep-flagged"),
    )
    yield "label", (folder / "store.h5", path)


def _for_stores(folder: Path, path: Path) -> Iterator[tuple[str, Words]]:
    model = ("--model", EARLIER / "run" / "model")
    yield "info", (path,)
    yield "check", (path,)
    yield "sheet", (path, "--out", folder / "made.png")
    yield "suggest", (path, "--annotations", WHOLE, "--out", folder / "made.csv")
    yield "label", (path, folder / "labels.csv")
    yield "annotate", (path, *model, "--out", folder / "made.annotations.h5")
    yield "evaluate", (path, *model, "--annotations", WHOLE)
    yield "gem", (path, "--annotations", WHOLE, "--out", folder / "made.gems", "--stage", "a")


def _for_annotations(folder: Path, path: Path) -> Iterator[tuple[str, Words]]:
    yield "gem", (folder / "store.h5", "--annotations", path, "--out", folder / "made.gems", "--stage", "a")
    yield "evaluate", (folder / "store.h5", "--annotations", path, "--model", EARLIER / "run" / "model", "--all")
    yield "suggest", (folder / "store.h5", "--annotations", path, "--out", folder / "made.csv")


def _for_models(folder: Path, path: Path) -> Iterator[tuple[str, Words]]:
    yield "annotate", (folder / "store.h5", "--model", path, "--out", folder / "made.annotations.h5")
    yield "doctor", ("--model", path)
    yield "evaluate", (folder / "store.h5", "--model", path)


_COMMANDS: dict[str, Callable[[Path, Path], Iterator[tuple[str, Words]]]] = {
    "picture": _for_pictures,
    "table": _for_tables,
    "store": _for_stores,
    "annotations": _for_annotations,
    "model": _for_models,
}


def _app(command: str) -> tuple[typer.Typer, list[str]]:
    from lsl_runtime.annotation.cli import app as annotate
    from lsl_runtime.evaluation.cli import app as evaluate
    from lsl_runtime.gem.cli import app as gem
    from lsl_tools.cli import app as store

    alone = {"annotate": annotate, "evaluate": evaluate, "gem": gem}
    return (alone[command], []) if command in alone else (store, [command])


def _run(command: str, words: Words) -> Result:
    """In this process, and no longer than a minute."""
    app, first = _app(command)

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _TooLongError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(_LONGEST)
    try:
        return CliRunner().invoke(app, [*first, *map(str, words)])
    except _TooLongError as problem:
        return Result(CliRunner(), b"", b"", b"", None, 124, problem)
    finally:
        signal.alarm(0)


def _wrong(file: Bad, command: str, result: Result) -> str:
    """What is wrong with how a command ended, '' if nothing."""
    told, name = result.output, f"bad{file.ending}"
    if result.exit_code == 124:
        return f"runs longer than {_LONGEST} s"
    raised = result.exception is not None and not isinstance(result.exception, SystemExit)
    if raised or "Traceback" in told or "(unexpected; --debug" in told:
        return f"a traceback: {result.exception if raised else told.strip().splitlines()[-1]}"
    if result.exit_code not in _CODES:
        return f"exit code {result.exit_code}"
    told_why = command == "doctor" or any(line.startswith("error: ") for line in told.splitlines())
    if result.exit_code == 1 and not told_why:
        return f"exit code 1 without an error: {told[-200:]}"
    if file.right and file.kind == "store" and command not in _READ_ALONE:
        return ""
    if file.right:
        return f"refused: {told.strip()[-200:]}" if result.exit_code else ""
    by = file.by or ("check" if file.kind == "store" else "gem" if file.kind == "annotations" else "")
    must_tell = command.startswith(by)
    if must_tell and result.exit_code == 0 and name not in told and "warning" not in told:
        return "read without a word"
    return ""


def _changed(before: dict[str, object], after: dict[str, object], command: str, result: Result) -> str:
    """What a command changed that it only reads, or left behind."""
    if command == "label" and result.exit_code == 0:
        before, after = ({k: v for k, v in all_.items() if k not in _LABELLED} for all_ in (before, after))
    lost = [name for name, content in before.items() if after.get(name) != content]
    left = [name for name in after.keys() - before.keys() if not name.split("/")[0].startswith(("made", ".made"))]
    hidden = [name for name in after.keys() - before.keys() if Path(name).name.startswith(".")]
    made = [name for name in after.keys() - before.keys() if name.startswith("made") and result.exit_code == 1]
    reports = [
        name for name in made if not name.endswith(_KEPT) and ".parts" not in name
    ]  # annotate goes on from parts
    if lost:
        return f"changed {lost[0]}"
    return f"left {(left + hidden + reports)[0]}" if left or hidden or reports else ""


def _everything(folder: Path) -> dict[str, object]:
    """All that lies below a folder, with what it holds; large files by their size."""
    found: dict[str, object] = {}
    for place, names, files in os.walk(folder):
        for name in [*names, *files]:
            path = Path(place) / name
            about = path.lstat()
            plain = path.is_file() and not path.is_symlink() and about.st_size < 20_000_000
            content = path.read_bytes() if plain else (about.st_mode, about.st_size)
            found[path.relative_to(folder).as_posix()] = content
    return found
