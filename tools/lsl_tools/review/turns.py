"""Images that a person finds mirrored the wrong way: turned in the store, and the decision kept in `transform/`."""

from __future__ import annotations

from typing import Final

import h5py
import numpy as np

from lsl_shared.files.texts import write_texts

__all__ = ["DECISION", "DROP", "RIGHT", "TURNS", "mirrored", "write_turns"]

DECISION: Final = "transform/decision"
"""What a person decided of each image, str (N,): one of TURNS, or drop; '' where nobody was asked."""
DECIDED_BY: Final = "transform/decided_by"
RIGHT, DROP = "right", "drop"
TURNS: Final = {RIGHT: (False, False), "left-right": (True, False), "up-down": (False, True), "both": (True, True)}
"""How an image is to be mirrored (left-right, up-down), as it was when it was standardized."""


def mirrored(before: str, after: str) -> tuple[bool, bool]:
    """How an image that was turned as decided `before` is to be mirrored for the decision `after`."""
    was, now = TURNS.get(before, (False, False)), TURNS.get(after, TURNS.get(before, (False, False)))
    if not after:
        now = (False, False)
    return was[0] != now[0], was[1] != now[1]


def write_turns(file: h5py.File, turns: dict[int, tuple[str, str]]) -> int:
    """Writes decisions, row → (decision, who), and mirrors the images; how many were mirrored.

    A drop mirrors nothing: whoever drops an image answers that it is unusable as well.
    """
    if not turns:
        return 0
    count = len(file["images"])
    decisions, by = (_texts(file, key, count) for key in (DECISION, DECIDED_BY))
    changed = 0
    for row, (decision, who) in turns.items():
        flip_x, flip_y = mirrored(decisions[row], decision)
        decisions[row], by[row] = decision, who
        if flip_x or flip_y:
            _mirror(file, row, flip_x, flip_y)
            changed += 1
    for key, texts in ((DECISION, decisions), (DECIDED_BY, by)):
        if key in file:
            del file[key]
        write_texts(file, key, map(str, texts))
    return changed


def _mirror(file: h5py.File, row: int, flip_x: bool, flip_y: bool) -> None:
    """Mirrors an image, what is drawn of its truth, and the flips that lead back to its photograph."""
    for key in ("images", "truth/landmarks", "truth/expression"):
        if key in file:
            stored = file[key][row]
            file[key][row] = stored[:: -1 if flip_y else 1, :: -1 if flip_x else 1]
    if "transform/flips" in file:
        file["transform/flips"][row] = np.asarray(file["transform/flips"][row], bool) ^ np.array([flip_x, flip_y])


def _texts(file: h5py.File, key: str, count: int) -> list[str]:
    stored = [str(text) for text in file[key].asstr()[...]] if key in file else []
    return stored + [""] * (count - len(stored))
