"""What the page shows of images, as JSON: nothing here is markup, and pages put it in as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from lsl_tools.review.answer import SECOND
from lsl_tools.review.images import Images
from lsl_tools.review.keys import class_keys
from lsl_tools.review.ledger import Ledger
from lsl_tools.review.turns import mirrored

__all__ = ["blind_card", "card", "cards", "classes_told"]


def cards(images: Images, ledger: Ledger, rows: Iterable[int], second: str = "") -> list[dict[str, Any]]:
    """The cards of rows; for a person who labels a `second` time without what the first and the model said."""
    if second:
        return [blind_card(images, ledger, row, second) for row in rows]
    return [card(images, row) for row in rows]


def card(images: Images, row: int) -> dict[str, Any]:
    """What is known of an image; classes are indices, −1 where there is none."""
    told = _plain(images, row) | {
        "label": int(images.label[row]), "by": str(images.by[row]), "guess": int(images.guess[row]),
    }  # fmt: skip
    if images.guess[row] >= 0:
        told["p"] = round(float(images.probability[row]), 3)
    if images.sets is not None:
        told["set"] = np.flatnonzero(images.sets[row]).tolist()
        told["within"] = np.flatnonzero(images.sets[row] & images.allowed_of(row)).tolist()
    doubted = images.doubt[row] > 0 and not images.answered[row]
    marks = {"contradicts": _contradicts(images, row), "doubtful": doubted, "scope": bool(images.out[row])}
    told["marks"] = [name for name, is_so in marks.items() if is_so]
    return told


def blind_card(images: Images, ledger: Ledger, row: int, who: str) -> dict[str, Any]:
    """An image as a second person sees it: their own answer alone, and the coarse label."""
    standing = ledger.standing((SECOND, f"{images.space.name}/{who}", row))
    label = images.space.index(standing.value) if standing and standing.value else -1
    return _plain(images, row) | {"label": label, "by": who if label >= 0 else "", "guess": -1, "marks": []}


def classes_told(images: Images) -> list[dict[str, Any]]:
    """The classes with their keys and coarse classes."""
    space, keys = images.space, class_keys(images.space.classes)
    parents = space.parent_index or (-1,) * len(space)
    return [
        {"name": name, "key": key, "parent": int(parent)}
        for name, key, parent in zip(space.classes, keys, parents, strict=True)
    ]


def _plain(images: Images, row: int) -> dict[str, Any]:
    allowed = images.allowed_of(row)
    flip_x, flip_y = mirrored(str(images.stored_decision[row]), str(images.decision[row]))
    return {
        "row": row, "id": str(images.ids[row]), "gene": str(images.genes[row]), "view": str(images.views[row]),
        "coarse": int(images.coarse[row]), "known": images.known_told(row),
        "allowed": None if allowed.all() else np.flatnonzero(allowed).tolist(),
        "unusable": str(images.unusable[row]), "flags": str(images.flags[row]),
        "decision": str(images.decision[row]), "flip": [flip_x, flip_y],
    }  # fmt: skip


def _contradicts(images: Images, row: int) -> bool:
    allowed = images.allowed_of(row)
    free, label = images.free[row], images.label[row]
    return bool((free >= 0 and not allowed[free]) or (label >= 0 and not allowed[label]))
