"""The journal of a store: every answer a line, on the disk before anyone is told that it is there.

`store.review.jsonl` begins with a line that says which images it is of. Lines are only ever added. A line that a crash
left unfinished was never acknowledged, and goes when the journal is opened again.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock

from lsl_shared.errors import DataFileError, LabelError
from lsl_shared.system_errors import unwritable
from lsl_tools.review.answer import Answer

__all__ = ["FORMAT", "Journal", "digest_of", "journal_path"]

FORMAT, VERSION = "lsl-review-journal", 1


def journal_path(store: Path) -> Path:
    """Where the journal of a store lies: store.review.jsonl beside it."""
    return store.with_suffix(".review.jsonl")


def digest_of(ids: Iterable[str]) -> str:
    """SHA-256 over the ids of images in order."""
    return hashlib.sha256("\0".join(ids).encode()).hexdigest()


class Journal:
    """The journal at `path` of images with these `ids`; `lines` fill a new one, as a store keeps them.

    One process holds it at a time (see `Session`), any number of its threads may add. Raises DataFileError for a file
    that is no journal, or one of other images.
    """

    def __init__(self, path: Path, ids: Sequence[str], lines: Sequence[str] = (), name: str = "") -> None:
        self.path, self._lock = path, Lock()
        self.answers: list[Answer] = []
        self._keys: dict[str, tuple[int, int]] = {}  # key → first and one after the last of its answers
        if not path.exists():
            self._begin(ids, lines, name)
        self._file = path.open("r+b", buffering=0)
        try:
            self._read(ids)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self.answers)

    def add(self, answers: Sequence[Answer]) -> list[Answer]:
        """Adds answers of one key, all or none, and returns when they are on the disk.

        A key that was there before is a repeated request: nothing is added, and the answers of then are returned.
        Raises DataFileError where the disk refuses them.
        """
        with self._lock:
            if known := self.given(answers[0].key):
                return known
            lines = [answer.to_json(len(self.answers) + place) for place, answer in enumerate(answers, 1)]
            self._append("".join(f"{line}\n" for line in lines).encode())
            self._take(answers)
            return list(answers)

    def given(self, key: str) -> list[Answer]:
        """The answers of a key; none where it is new."""
        begin, end = self._keys.get(key, (0, 0))
        return self.answers[begin:end]

    def lines(self, begin: int) -> list[str]:
        """The lines of the answers from the `begin`-th on, for the store to keep."""
        return [answer.to_json(number) for number, answer in enumerate(self.answers[begin:], begin + 1)]

    def _take(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            begin = self._keys.get(answer.key, (len(self.answers), 0))[0]
            self.answers.append(answer)
            self._keys[answer.key] = begin, len(self.answers)

    def _append(self, data: bytes) -> None:
        try:
            self._file.seek(self._end)
            written = 0
            while written < len(data):
                written += self._file.write(data[written:]) or 0
            os.fsync(self._file.fileno())
        except OSError as problem:
            told = DataFileError(self.path, unwritable(problem, "the last answer was not kept"))
            self._file.truncate(self._end)
            raise told from None
        self._end += len(data)

    def _begin(self, ids: Sequence[str], lines: Sequence[str], name: str) -> None:
        head = {"format": FORMAT, "version": VERSION, "name": name or secrets.token_hex(8), "images": len(ids),
                "ids": digest_of(ids)}  # fmt: skip
        draft = self.path.with_name(f".{self.path.name}.tmp")
        try:
            with draft.open("wb") as stream:
                stream.write("".join(f"{line}\n" for line in (json.dumps(head), *lines)).encode())
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as problem:
            raise DataFileError(self.path, unwritable(problem, "choose another place for the store")) from None
        finally:
            draft.unlink(missing_ok=True)

    def _read(self, ids: Sequence[str]) -> None:
        whole = self._file.read()
        self._end = whole.rfind(b"\n") + 1
        lines = whole[: self._end].split(b"\n")[:-1]
        self._check_head(lines[0] if lines else b"", ids)
        for place, line in enumerate(lines[1:], 1):
            try:
                number, answer = Answer.from_json(line.decode())
                if number != place:
                    raise LabelError(f"is out of order: expected answer {place}, found {number}")
            except (LabelError, UnicodeDecodeError) as problem:
                if place == len(lines) - 1:  # a machine that lost its power may leave zeros in the last line
                    self._set_aside(line)
                    break
                raise DataFileError(self.path, f"line {place + 1} {problem}; restore the file") from None
            self._take([answer])
        self._file.truncate(self._end)

    def _set_aside(self, line: bytes) -> None:
        """Takes the last line out, and keeps it in a file beside the journal."""
        self._end -= len(line) + 1
        with self.path.with_suffix(".torn").open("ab") as stream:
            stream.write(line + b"\n")

    def _check_head(self, line: bytes, ids: Sequence[str]) -> None:
        try:
            head = json.loads(line)
            known, count, self.name = head["format"] == FORMAT, int(head["images"]), str(head["name"])
            same = count <= len(ids) and head["ids"] == digest_of(ids[:count])
            newer = head["version"] > VERSION
        except (ValueError, TypeError, KeyError):
            known = same = newer = False
        if not known:
            raise DataFileError(self.path, "is no journal of lsl-review; move it away")
        if newer:
            raise DataFileError(self.path, "is of a newer version; install a newer lsl-toolkit")
        if not same:
            raise DataFileError(self.path, "has answers to other images than the store's; move it away or rename it")


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
