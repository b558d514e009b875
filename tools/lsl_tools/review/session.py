"""One store under review: its images, the journal, who holds it; what a person answers goes through here."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

from lsl_runtime.annotation.lock import held_lock
from lsl_shared.errors import ConfigError, DataFileError, StoreError
from lsl_shared.files.annotations import annotations_path
from lsl_shared.files.output_file import check_writable
from lsl_shared.files.store import Store
from lsl_shared.files.store_coarse import finest_tasks
from lsl_shared.labels import LabelSpace
from lsl_tools.review.answer import REJECT, UNDO, Answer
from lsl_tools.review.answering import ContradictionError, answers_to, apply
from lsl_tools.review.doubtful import read_doubts
from lsl_tools.review.images import Images, read_images
from lsl_tools.review.journal import Journal, journal_path
from lsl_tools.review.ledger import Ledger
from lsl_tools.review.open_store import SharedStore
from lsl_tools.review.rejects import folder_of
from lsl_tools.review.request import Asked
from lsl_tools.review.save import Saved, clear_room, kept_answers, save

__all__ = ["ContradictionError", "Session", "Settings", "lock_path"]


@dataclass(frozen=True)
class Settings:
    """What `lsl-review` was told."""

    store: Path
    who: str
    annotations: Path | None = None
    model: Path | None = None
    task: str = ""
    second: float = 0.2
    """Share of the labelled images that are labelled a second time."""
    photographs: Path | None = None
    """The folder that the photographs were standardized from."""
    train: tuple[str, ...] = ()
    """Options of lsl-train for training again."""

    @property
    def answers(self) -> Path:
        """The annotations file."""
        return self.annotations or annotations_path(self.store)


def lock_path(store: Path) -> Path:
    """The lock of a store under review: store.review.lock beside it."""
    return store.with_suffix(".review.lock")


class Session:
    """A store under review. Raises LslError where it cannot be: no store, no task to label, another server on it."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.lock = settings, RLock()
        self.path = Path(os.path.realpath(settings.store))
        self.touched: list[tuple[int, ...]] = []  # the rows that each request changed, for the other pages
        self.version = 0  # rises when all pages must read anew
        self._stack = ExitStack()
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise

    def _open(self) -> None:
        store = Store(self.path)
        self._stack.callback(lambda: self.store.close())
        self.store = SharedStore(store)
        self._space = _task(store, self.settings.task)
        check_writable(self.path, StoreError, "answers are kept beside the store: choose a folder that can be written")
        self._stack.enter_context(held_lock(lock_path(self.path), self._refusal))
        clear_room(self.path)
        lines, name = kept_answers(self.path)
        self.journal = Journal(journal_path(self.path), list(store.ids), lines, name)
        self._stack.callback(self.journal.close)
        if name and name != self.journal.name:
            raise DataFileError(self.journal.path, f"is not the journal of {self.path.name}; move it away")
        self.ledger = Ledger(self.journal.answers, len(lines))
        self._read(store)

    def close(self) -> None:
        """Gives the store back; what is not saved stays in the journal."""
        self._stack.close()

    def answer(self, asked: Asked) -> tuple[int, ...]:
        """Keeps an answer, on the disk when this returns: the rows that changed.

        Raises ContradictionError where a label does not go with the coarse one, ConfigError for what it cannot keep.
        """
        with self.lock:
            known = self.journal.given(asked.key)
            answers = known or answers_to(asked, self.images, self._now(), self.ledger, self.settings.second)
            return self._take(answers)

    def undo(self, who: str, key: str) -> tuple[tuple[int, ...], int]:
        """Undoes the person's last answer: the rows that changed, and how many answers; 0 where nothing is left."""
        with self.lock:
            known = self.journal.given(key)
            last = known[0].value if known else self.ledger.last_of(who)
            if not last:
                return (), 0
            rows = self._take([Answer(kind=UNDO, value=last, who=who, when=self._now(), key=key)])
            return rows, len(self.ledger.group(last))

    def save(self) -> Saved:
        """Writes the answers into the store, and reads it again."""
        with self.lock:
            saved = save(self.path, self.journal, self.settings.photographs or folder_of(self.path))
            if saved.answers:
                self.reload()
            return saved

    def reload(self) -> None:
        """Reads store and annotations again, such as after another program wrote them."""
        with self.lock:
            store = Store(self.path)
            self.ledger = Ledger(self.journal.answers, len(kept_answers(self.path)[0]))
            self._read(store)
            self.store.replace(store)
            self.version += 1

    @property
    def waiting(self) -> int:
        """How many answers the store does not know yet."""
        return self.ledger.count - self.in_store

    def _read(self, store: Store) -> None:
        images, self.no_answers = read_images(store, self._space, self.settings.answers)
        read_doubts(self.path, images)
        self.images: Images = images
        self.in_store = len(kept_answers(self.path)[0])
        for slot, _ in self.ledger.waiting():
            apply(self.images, self.ledger, slot)

    def _take(self, answers: list[Answer]) -> tuple[int, ...]:
        before = len(self.journal)
        kept = self.journal.add(answers)
        rows = dict.fromkeys(one.row for one in kept if one.row >= 0 and one.kind != REJECT)
        if len(self.journal) > before:
            for answer in kept:
                for slot in self.ledger.add(answer):
                    apply(self.images, self.ledger, slot)
                    if slot[2] >= 0:
                        rows[slot[2]] = None
            self.touched.append(tuple(rows))
        return tuple(rows)

    def changed_since(self, place: int) -> list[int]:
        """The rows that changed since so many requests."""
        return sorted({row for rows in self.touched[max(place, 0) :] for row in rows})

    def _refusal(self, who: str) -> StoreError:
        told = (
            f"is under review by {who}: use that page, or stop it; if it is no more, delete {lock_path(self.path).name}"
        )
        return StoreError(self.path, told)

    @staticmethod
    def _now() -> str:
        return datetime.now(UTC).isoformat(timespec="milliseconds")


def _task(store: Store, name: str) -> LabelSpace:
    """The task to label: the one named, else the only one, or the only fine one."""
    if name:
        return store.task(name)
    fine = [store.task(one) for one in finest_tasks(store.tasks, store.further_coarse)]
    found: Iterable[LabelSpace] = fine or store.tasks.values()
    if len(spaces := list(found)) != 1:
        listed = ", ".join(store.tasks) or "none: give the store labels first, see lsl-store import"
        raise ConfigError(f"--task must name the task to label; the store has {listed}")
    return spaces[0]
