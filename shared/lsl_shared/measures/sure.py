"""The level that is sure: the finest answer that a prediction set leaves no doubt about.

A set of one class is an answer of the fine task. A set whose classes all lie in one coarse class is an answer of that
coarse task. A short set is a list. Else there is no answer. All of them together are right as often as sets promise;
those of one class less often, those of coarse classes more often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask

__all__ = ["LIST", "NO_ANSWER", "SHORT", "SureAnswers", "answer_names", "level_names", "sure_answers"]

SHORT = 5
"""The most classes that a list has."""
NO_ANSWER, LIST = "none", "list"
_FINE = 2
"""The place of the fine task among the levels."""


@dataclass(frozen=True)
class SureAnswers:
    """What is sure of N images."""

    level: NDArray[np.uint8]
    """(N,): index into `level_names`: none, list, the fine task, then its coarse tasks."""
    answer: NDArray[np.int16]
    """(N,): index into `answer_names`: the fine classes, then those of the coarse tasks; −1 for none and lists."""
    sets: NDArray[np.bool_]
    """(N, K): the fine classes that are left; none where the labels allow none of those in the prediction set."""


def level_names(fine: str, coarse: Sequence[CoarseTask]) -> tuple[str, ...]:
    """The names of all levels: none, list, the `fine` task's, and those of its coarse tasks."""
    return (NO_ANSWER, LIST, fine, *(task.name for task in coarse))


def answer_names(fine: Sequence[str], coarse: Sequence[CoarseTask]) -> tuple[str, ...]:
    """The names of all answers: the `fine` classes, and those of the coarse tasks, one task after the other."""
    return (*fine, *(name for task in coarse for name in task.classes))


def sure_answers(
    sets: NDArray[np.bool_],
    coarse: Sequence[CoarseTask],
    allowed: NDArray[np.bool_] | None = None,
    promised: bool = True,
) -> SureAnswers:
    """What is sure of images with the prediction `sets` bool (N, K), and the tasks above their K classes.

    `allowed` bool (N, K) are the classes that known labels leave, all without it. Nothing is sure where nothing is
    `promised`, as of models that were calibrated on too few genes. Of several coarse classes that hold a set the one
    with the fewest members is the answer, the first of equal ones.
    """
    left = np.asarray(sets if allowed is None else sets & allowed, dtype=np.bool_)
    first, place = _kinds(left)
    found = [_of_set(one, coarse) if promised else (0, -1) for one in left[first]]
    level, answer = np.array(found or [(0, -1)]).T
    return SureAnswers(level[place].astype(np.uint8), answer[place].astype(np.int16), left)


def _kinds(sets: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each kind of set (N, K) comes first, and the kind of each of the N."""
    packed = np.packbits(sets, axis=1)  # (N, bytes)
    words = np.zeros((len(sets), max(1, -(-packed.shape[1] // 8))), np.uint64)
    words.view(np.uint8)[:, : packed.shape[1]] = packed
    each = words[:, 0] if words.shape[1] == 1 else words.view(f"V{8 * words.shape[1]}")[:, 0]  # numbers sort faster
    _, first, place = np.unique(each, return_index=True, return_inverse=True)
    return first, place.reshape(-1)


def _of_set(members: NDArray[np.bool_], coarse: Sequence[CoarseTask]) -> tuple[int, int]:
    """The level and the answer of one set of classes (K,)."""
    classes = np.flatnonzero(members)
    if not len(classes):
        return 0, -1
    if len(classes) == 1:
        return _FINE, int(classes[0])
    if holding := _classes_that_hold(classes, coarse, len(members)):
        return min(holding)[1:]
    return (1, -1) if len(classes) <= min(SHORT, len(members) - 1) else (0, -1)


def _classes_that_hold(
    classes: NDArray[np.integer[Any]], coarse: Sequence[CoarseTask], of: int
) -> list[tuple[int, int, int]]:
    """Size, level and answer of each coarse class that allows all of these fine ones, but not each `of` the K."""
    found, offset = [], of
    for place, task in enumerate(coarse):
        for index, members in enumerate(task.allows):
            if set(classes.tolist()) <= set(members) and len(members) < of:
                found.append((len(members), _FINE + 1 + place, offset + index))
        offset += len(task)
    return found
