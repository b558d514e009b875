"""What a person says of an image, one answer a line of the journal."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Final

from lsl_shared.errors import LabelError

__all__ = ["KINDS", "LABEL", "REJECT", "SECOND", "TURN", "UNDO", "UNUSABLE", "VIEW", "Answer", "Slot"]

LABEL: Final = "label"
VIEW: Final = "view"
UNUSABLE: Final = "unusable"
TURN: Final = "turn"
REJECT: Final = "reject"
SECOND: Final = "second"
UNDO: Final = "undo"
KINDS = (LABEL, VIEW, UNUSABLE, TURN, REJECT, SECOND, UNDO)

Slot = tuple[str, str, int]
"""What an answer is about: kind, task (of a second label also who gives it), row; an answer replaces an earlier one."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer of one person to one image."""

    kind: str
    """One of KINDS."""
    row: int = -1
    """The image's place in the store, or the photograph's among the rejects."""
    id: str = ""
    """The image's id, or the photograph's file."""
    task: str = ""
    """Of a label: which task."""
    value: str = ""
    """The class, view, reason or decision; '' takes it back. Of an undo: the key of what is undone."""
    old: str = ""
    """What stood there before; of a second label the first one."""
    by: str = ""
    """Of a second label: who gave the first one, '' where unknown."""
    guess: str = ""
    """What the model took the image for when it was answered."""
    who: str
    when: str
    """UTC, ISO 8601."""
    key: str
    """Made by the page: the same for all that was answered at once, and for a repeated request."""

    @property
    def slot(self) -> Slot:
        """What it is about."""
        return self.kind, f"{self.task}/{self.who}" if self.kind == SECOND else self.task, self.row

    def to_json(self, number: int) -> str:
        """The line of the journal, without its end."""
        told = {name: value for name, value in asdict(self).items() if value not in ("", -1)}
        return json.dumps({"n": number, **told}, ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> tuple[int, Answer]:
        """Number and answer of a line. Raises LabelError for what is no answer."""
        try:
            entry = json.loads(line)
            number = entry.pop("n")
            answer = cls(**{name: entry[name] for name in _NAMES if name in entry})
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise LabelError(f"is no answer: {problem}") from None
        if answer.kind not in KINDS or type(number) is not int or type(answer.row) is not int:
            raise LabelError(f"is no answer: kind {answer.kind!r}, row {answer.row!r}")
        return number, answer


_NAMES = tuple(field.name for field in fields(Answer))
