"""What all answers of a journal come to: what holds of each image now, and what is to be written into the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsl_tools.review.answer import SECOND, UNDO, Answer, Slot

__all__ = ["Ledger"]


class Ledger:
    """The answers so far, of which the first `saved` are in the store already. Not for several threads at once."""

    def __init__(self, answers: Sequence[Answer] = (), saved: int = 0) -> None:
        self._slots: dict[Slot, list[Answer]] = {}
        self._groups: dict[str, list[Answer]] = {}  # key → the answers that were given at once
        self._undone: set[str] = set()
        self._undoer: dict[str, tuple[int, str]] = {}  # key → when it was undone, and by whom
        self._order: list[str] = []
        self._places: dict[str, int] = {}
        self._waiting: dict[Slot, None] = {}
        self._saved: dict[Slot, int] = {}  # how many answers of a slot are in the store
        self.count = 0
        for place, answer in enumerate(answers):
            self.add(answer, waits=place >= saved)

    def add(self, answer: Answer, *, waits: bool = True) -> list[Slot]:
        """Takes an answer in: the slots that it changes."""
        self.count += 1
        if answer.kind == UNDO:
            self._undone.add(answer.value)
            self._undoer[answer.value] = self.count, answer.who
            changed = [one.slot for one in self._groups.get(answer.value, [])]
        else:
            if answer.key not in self._groups:
                self._places[answer.key] = len(self._order)
                self._order.append(answer.key)
            self._groups.setdefault(answer.key, []).append(answer)
            self._slots.setdefault(answer.slot, []).append(answer)
            changed = [answer.slot]
        if not waits and answer.kind != UNDO:
            self._saved[answer.slot] = len(self._slots[answer.slot])
        if waits:
            self._waiting.update(dict.fromkeys(slot for slot in changed if slot[0] != SECOND))
        return changed

    def standing(self, slot: Slot) -> Answer | None:
        """The last answer that was not undone."""
        return next((one for one in reversed(self._slots.get(slot, [])) if one.key not in self._undone), None)

    def value(self, slot: Slot) -> str:
        """What holds after all answers; where all are undone, what stood there before the first one."""
        standing = self.standing(slot)
        return standing.value if standing else self._slots[slot][0].old

    def who(self, slot: Slot) -> str:
        """Who is to be named for it: who gave the last answer, or undid it."""
        standing = self.standing(slot)
        return standing.who if standing else max(self._undoer[one.key] for one in self._slots[slot])[1]

    def seen(self, slot: Slot) -> str | None:
        """What stood there when the first answer that waits was given; None where that cannot be told."""
        answers = self._slots[slot][self._saved.get(slot, 0) :]
        return answers[0].old if answers else None

    def waiting(self) -> list[tuple[Slot, str]]:
        """What the store does not know yet, and its value."""
        return [(slot, self.value(slot)) for slot in self._waiting]

    def written(self, slots: Sequence[Slot]) -> None:
        """Forgets what waits, once the store has it."""
        for slot in slots:
            self._waiting.pop(slot, None)

    def slots(self) -> list[Slot]:
        """All that was answered, in the order in which it came up."""
        return list(self._slots)

    def place(self, key: str) -> int:
        """Where in the order of all answers a key came up."""
        return self._places[key]

    def last_of(self, who: str) -> str:
        """The key of the person's last answer that is not undone; '' where there is none."""
        mine = (key for key in reversed(self._order) if self._groups[key][0].who == who)
        return next((key for key in mine if key not in self._undone), "")

    def group(self, key: str) -> list[Answer]:
        """What was answered at once under a key."""
        return self._groups.get(key, [])

    def given(self, kind: str) -> Iterator[Answer]:
        """The answers of a kind that stand, in the order in which their slots came up."""
        for slot in self._slots:
            if slot[0] == kind and (standing := self.standing(slot)) and standing.value:
                yield standing

    def all_of(self, kind: str) -> Iterator[Answer]:
        """Every answer of a kind that was not undone, replaced ones included, in the order given."""
        for key in self._order:
            if key not in self._undone:
                yield from (one for one in self._groups[key] if one.kind == kind)
