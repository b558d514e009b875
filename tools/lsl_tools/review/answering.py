"""From what a person asks to answers for the journal, and from answers to what the pages show."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np

from lsl_shared.coarse import implied_coarse
from lsl_shared.errors import ConfigError, LslError
from lsl_tools.review.answer import LABEL, REJECT, SECOND, TURN, UNUSABLE, VIEW, Answer, Slot
from lsl_tools.review.images import Images
from lsl_tools.review.ledger import Ledger
from lsl_tools.review.request import Asked
from lsl_tools.review.turns import DROP, TURNS

__all__ = ["GUESS", "VIEWS", "ContradictionError", "answers_to", "apply", "is_shared"]

GUESS: Final = "(guess)"
"""In place of a class: what the model takes each image for."""
VIEWS: Final = ("lateral", "dorsal", "ventral", "")
_TAKE = "take"


class ContradictionError(LslError):
    """A label that does not go with the coarse label of an image, which is corrected as well if the person says so."""


def answers_to(asked: Asked, images: Images, when: str, ledger: Ledger, share: float) -> list[Answer]:
    """The answers that a request makes, one an image; of a label that contradicts, the coarse one besides.

    `share` of the images are labelled a second time. Raises ConfigError, or ContradictionError.
    """
    make = {
        LABEL: _labels, SECOND: _seconds, VIEW: _views, UNUSABLE: _unusable, TURN: _turns, REJECT: _rejects,
    }[asked.kind]  # fmt: skip
    common = {"who": asked.who, "when": when, "key": asked.key}
    return make(asked, images, ledger, share, common)


def apply(images: Images, ledger: Ledger, slot: Slot) -> None:
    """Puts what holds after all answers into the columns that the pages show."""
    kind, task, row = slot
    value = ledger.value(slot)
    if kind == LABEL and task == images.space.name:
        images.label[row] = images.space.index(value) if value else -1
        images.by[row] = ledger.who(slot)
        images.answered[row] = ledger.standing(slot) is not None
    elif kind == LABEL and task in images.coarse_spaces:
        images.known[task][row] = images.coarse_spaces[task].index(value) if value else -1
        images.answered[row] = ledger.standing(slot) is not None
        images.constrain(np.array([row]))
    elif kind == VIEW:
        images.views[row] = value
    elif kind == UNUSABLE:
        images.unusable[row] = value
    elif kind == TURN:
        images.decision[row] = value


def is_shared(name: str, share: float) -> bool:
    """Whether an image is among the `share` that is labelled a second time: the same ones on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") < share * 2**64


Common = dict[str, str]


def _labels(asked: Asked, images: Images, ledger: Ledger, share: float, common: Common) -> list[Answer]:
    if asked.value == GUESS and asked.task not in images.coarse_spaces:
        return _accepted(asked, images, common)
    space = images.coarse_spaces.get(asked.task, images.space)
    index = _index(space.classes, asked.value)
    if space is not images.space:
        return [_label(images, row, space.name, asked.value, common) for row in asked.rows]
    rows = np.array(asked.rows)
    wrong = rows[~images.allowed_of(rows)[:, index]] if index >= 0 else rows[:0]
    if len(wrong) and not asked.force:
        raise ContradictionError(f"{asked.value} is not in {images.known_told(int(wrong[0]))}")
    answers = [answer for row in wrong for answer in _corrections(images, int(row), index, common)]
    return answers + [_label(images, row, space.name, asked.value, common) for row in asked.rows]


def _corrections(images: Images, row: int, index: int, common: Common) -> list[Answer]:
    """The coarse labels of an image that do not allow a class, corrected: to the only one that does, else to none."""
    answers = []
    for one in images.above:
        known = images.known[one.name][row]
        if known >= 0 and index not in one.allows[known]:
            right = implied_coarse(one, np.array([index]))[0]
            answers.append(_label(images, row, one.name, one.classes[right] if right >= 0 else "", common))
    return answers


def _accepted(asked: Asked, images: Images, common: Common) -> list[Answer]:
    """What the model takes each image for becomes its label, where it has a guess."""
    name, classes = images.space.name, images.space.classes
    guessed = [(row, int(images.guess[row])) for row in asked.rows if images.guess[row] >= 0]
    if not guessed:
        raise ConfigError("the model has no guess for these images: press the key of a class")
    return [_label(images, row, name, classes[index], common) for row, index in guessed]


def _label(images: Images, row: int, task: str, value: str, common: Common) -> Answer:
    space = images.coarse_spaces.get(task, images.space)
    before = int(images.known.get(task, images.label)[row])
    old = space.classes[before] if before >= 0 else ""
    guess = images.space.classes[images.guess[row]] if images.guess[row] >= 0 and space is images.space else ""
    return Answer(kind=LABEL, row=row, id=str(images.ids[row]), task=task, value=value, old=old, guess=guess, **common)


def _seconds(asked: Asked, images: Images, ledger: Ledger, share: float, common: Common) -> list[Answer]:
    _index(images.space.classes, asked.value)
    answers = []
    for row in asked.rows:
        name, label = str(images.ids[row]), int(images.label[row])
        if label < 0 or not is_shared(name, share) or images.by[row] == asked.who:
            raise ConfigError(f"{name} is not among the images that {asked.who} labels a second time")
        earlier = ledger.standing((SECOND, f"{images.space.name}/{asked.who}", row))
        first = earlier or Answer(
            kind=SECOND, old=images.space.classes[label], by=str(images.by[row]), who="", when="", key=""
        )
        answers.append(
            Answer(kind=SECOND, row=row, id=name, task=images.space.name, value=asked.value, old=first.old,
                   by=first.by, **common)
        )  # fmt: skip
    return answers


def _views(asked: Asked, images: Images, ledger: Ledger, share: float, common: Common) -> list[Answer]:
    if asked.value not in VIEWS:
        raise ConfigError(f"a view is lateral, dorsal, ventral or empty; received {asked.value!r}")
    return [
        Answer(kind=VIEW, row=row, id=str(images.ids[row]), value=asked.value, old=str(images.views[row]), **common)
        for row in asked.rows
    ]


def _unusable(asked: Asked, images: Images, ledger: Ledger, share: float, common: Common) -> list[Answer]:
    return [
        Answer(kind=UNUSABLE, row=row, id=str(images.ids[row]), value=asked.value, old=str(images.unusable[row]),
               **common)
        for row in asked.rows
    ]  # fmt: skip


def _turns(asked: Asked, images: Images, ledger: Ledger, share: float, common: Common) -> list[Answer]:
    if asked.value not in (*TURNS, DROP, ""):
        raise ConfigError(f"an image is turned {', '.join(TURNS)}, or dropped; received {asked.value!r}")
    answers = []
    for row in asked.rows:
        name = str(images.ids[row])
        answers.append(Answer(kind=TURN, row=row, id=name, value=asked.value, old=str(images.decision[row]), **common))
        if asked.value == DROP:
            told, old = "dropped in the review of the standardization", str(images.unusable[row])
            answers.append(Answer(kind=UNUSABLE, row=row, id=name, value=told, old=old, **common))
    return answers


def _rejects(asked: Asked, images: Images, ledger: Ledger, share: float, common: Common) -> list[Answer]:
    """Here a row counts the photographs that were set aside, which the server has made a name of."""
    known = (*(f"{_TAKE} {turn}" for turn in TURNS), DROP, "")
    if asked.value not in known:
        raise ConfigError(f"a photograph is taken or dropped; received {asked.value!r}")
    standing = ledger.standing((REJECT, asked.task, -1))
    old = standing.value if standing else ""
    return [Answer(kind=REJECT, row=-1, id=asked.task, task=asked.task, value=asked.value, old=old, **common)]


def _index(classes: tuple[str, ...], name: str) -> int:
    if name and name not in classes:
        raise ConfigError(f"no class {name!r}; there are {', '.join(classes)}")
    return classes.index(name) if name else -1
