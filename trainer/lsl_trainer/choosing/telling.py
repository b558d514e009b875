"""From what was tried to what is chosen, and the three lines that say why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_trainer.choosing.candidate import Candidate
from lsl_trainer.choosing.choice import Choice, Scored
from lsl_trainer.choosing.sight import Sight
from lsl_trainer.choosing.yardstick import Marks
from lsl_trainer.data.training_data import TrainingData

__all__ = ["Tried", "choice_of", "without_trying"]


@dataclass(frozen=True)
class Tried:
    """A candidate, and how it did."""

    candidate: Candidate
    marks: Marks | None
    """Of all images; of those of the first fold, where it is `partial`. None where it was not tried."""
    told: str = ""
    """Why it was not."""
    partial: bool = False
    time: float | None = None
    """How badly its features tell of time, by the labels that were left out; None where that was not asked."""

    @property
    def score(self) -> float:
        """That of its marks; −1 without any."""
        return self.marks.score if self.marks else -1.0

    def scored(self) -> Scored:
        """As the file of the choice has it."""
        marks, candidate = self.marks, self.candidate
        if marks is None:
            return Scored(candidate.name, None, None, None, 0, candidate.seconds, self.told)
        told = "on a part of the images" if self.partial else ""
        known = np.isfinite(marks.fine) | np.isfinite(marks.coarse)
        fine, coarse = _share(marks.fine), _share(marks.coarse)
        return Scored(candidate.name, marks.score, fine, coarse, int(known.sum()), candidate.seconds, told)


def choice_of(sight: Sight, found: Sequence[Tried], first_fold: NDArray[np.bool_], missing: str) -> Choice:
    """The best of what was tried. A network that learns must be better than fixed features by more than chance.

    Where nothing could be tried, it is the learnt candidate that costs least.
    """
    chosen = _best(found, np.flatnonzero(first_fold))
    ranked = sorted(found, key=lambda one: -one.score)
    why = _why(chosen, ranked[0], len([one for one in found if one.marks]))
    tried = [one for one in ranked if one.marks]
    left = [f"{one.candidate.name} ({one.told})" for one in ranked if not one.marks] + [missing] * bool(missing)
    lines = (
        f"seen: {sight}",
        f"tried on left-out training images: {_names(tried)}{'; not tried: ' + '; '.join(left) if left else ''}",
        f"chosen: {chosen.candidate.name}{why}",
    )
    return Choice(chosen.candidate.name, chosen.candidate.settings, lines, tuple(one.scored() for one in ranked))


def without_trying(data: TrainingData) -> Choice:
    """The choice where candidates cannot be held against each other: terms, further tasks, a single gene."""
    method = "feature-level" if data.first and len(data.coarse) else "plain"
    why = "further tasks" if data.further else "a single group of images"
    lines = (f"seen: {why}", "tried: nothing, for there is nothing to leave out that would tell", f"chosen: {method}")
    return Choice(method, {"method": method}, lines, ())


def _best(found: Sequence[Tried], first_fold: NDArray[np.int64]) -> Tried:
    whole = max((one for one in found if one.marks and not one.partial), key=lambda one: one.score, default=None)
    learnt = max((one for one in found if one.marks and one.partial), key=lambda one: one.score, default=None)
    if whole is None:
        unable = [one for one in found if one.candidate.settings]
        return learnt or min(unable, key=lambda one: one.candidate.seconds)
    whole = _telling_time(found, whole)
    assert whole.marks
    if learnt and learnt.marks and learnt.marks.surpasses(whole.marks.at(first_fold)):
        return learnt
    return whole


def _telling_time(found: Sequence[Tried], best: Tried) -> Tried:
    """Of those that the best one does not surpass by more than chance, the one whose features tell most of time.

    With few labels chance decides between layers, and what all labels say of time tells more.
    """
    if best.time is None or best.marks is None:
        return best
    near = [one for one in found if one.marks and one.time is not None and not best.marks.surpasses(one.marks)]
    return min([best, *near], key=lambda one: (one.time, -one.score))


def _names(tried: Sequence[Tried]) -> str:
    if not tried:
        return "nothing"
    shown = [f"{one.candidate.name} {one.score:.1%}" for one in tried[:2]]
    return f"{', '.join(shown)}{f', and {len(tried) - 2} more' if len(tried) > 2 else ''}"


def _why(chosen: Tried, best: Tried, tried: int) -> str:
    if not chosen.marks:
        return ", untried: it costs least"
    shares = {"fine": _share(chosen.marks.fine), "coarse": _share(chosen.marks.coarse)}
    told = " and ".join(f"{share:.1%} of the {name} ones" for name, share in shares.items() if share is not None)
    if not told:
        return f", the first of {tried}: no left-out label tells them apart"
    if chosen.time is not None and chosen.score < best.score:
        return f", which tells most of time among those that chance sets apart: it gave {told} right"
    return f", the best of {tried}: it gave {told} right"


def _share(marks: NDArray[np.float64]) -> float | None:
    known = marks[np.isfinite(marks)]
    return float(known.mean()) if len(known) else None
