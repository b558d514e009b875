"""Which images the wall shows, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError
from lsl_tools.review.answer import SECOND
from lsl_tools.review.answering import is_shared
from lsl_tools.review.doubtful import doubtful
from lsl_tools.review.images import Images
from lsl_tools.review.ledger import Ledger

__all__ = ["ONLY", "SORTS", "Query", "ordered", "to_label_next"]

SORTS: Final = ("next", "unsure", "contradicts", "doubtful", "scope", "gene", "class", "age", "id")
ONLY: Final = ("", "open", "labelled", "doubtful", "contradicts", "scope", "sure", "unsure", "flagged", "unusable")
NONE: Final = "(none)"


@dataclass(frozen=True)
class Query:
    """What the page asks for; '' asks for nothing."""

    sort: str = "next"
    only: str = ""
    find: str = ""
    """A part of an id or gene, whatever the case."""
    label: str = ""
    """The class of the label, or of the guess where there is none."""
    coarse: str = ""
    view: str = ""
    who: str = ""
    """Who gave the label."""
    second: str = ""
    """Who labels a second time: the images left to them, in an order that tells nothing."""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Query:
        """From the parameters of a request. Raises ConfigError for unknown orders and filters."""
        query = cls(**{field.name: given[field.name][:200] for field in fields(cls) if field.name in given})
        if query.sort not in SORTS or query.only not in ONLY:
            raise ConfigError(f"sort is one of {', '.join(SORTS)}; only is one of {', '.join(ONLY[1:])}")
        return query


def ordered(
    images: Images, query: Query, ledger: Ledger, share: float, suggested: NDArray[np.int64] | None
) -> NDArray[np.uint32]:
    """The rows to show, uint32 (n,). `suggested` are the rows to label next, the most useful first, where known."""
    if query.second:
        return seconds_left(images, query.second, ledger, share)
    rows = np.flatnonzero(_chosen(images, query))
    keys = _keys(images, query.sort, rows, suggested)
    return np.asarray(rows[np.lexsort((rows, *keys))], np.uint32)


def seconds_left(images: Images, who: str, ledger: Ledger, share: float) -> NDArray[np.uint32]:
    """The images that a person labels a second time: the share, less their own and those that they did."""
    task = f"{images.space.name}/{who}"
    mine = np.flatnonzero((images.label >= 0) & (images.by != who) & (images.unusable == ""))
    left = [
        row for row in mine.tolist()
        if is_shared(str(images.ids[row]), share) and ledger.standing((SECOND, task, row)) is None
    ]  # fmt: skip
    return np.random.default_rng(len(who)).permutation(np.array(left, np.uint32))


def to_label_next(images: Images) -> NDArray[np.bool_]:
    """Images whose class a person can still tell: no label, several classes possible, usable."""
    return np.asarray((images.label < 0) & images.several() & (images.unusable == ""), bool)


def _chosen(images: Images, query: Query) -> NDArray[np.bool_]:
    chosen = _only(images, query.only)
    if query.find:
        text = query.find.casefold()
        pairs = zip(images.ids, images.genes, strict=True)
        chosen &= np.array([text in name.casefold() or text in gene.casefold() for name, gene in pairs], bool)
    if query.label:
        shown = np.where(images.label >= 0, images.label, images.guess)
        chosen &= shown == _index(images.space.classes, query.label)
    if query.coarse and images.coarse_space is not None:
        chosen &= images.coarse == _index(images.coarse_space.classes, query.coarse)
    if query.view:
        chosen &= images.views == ("" if query.view == NONE else query.view)
    if query.who:
        chosen &= images.by == query.who
    return chosen


def _only(images: Images, only: str) -> NDArray[np.bool_]:
    if only == "open":
        return to_label_next(images)
    if only == "contradicts":
        return images.contradicts()
    if only == "doubtful":
        return doubtful(images)
    if only in ("sure", "unsure"):
        return images.sure() if only == "sure" else ~images.sure() & (images.free >= 0)
    made = {
        "labelled": images.label >= 0,
        "scope": images.out,
        "flagged": (images.flags != "") & (images.decision == ""),
        "unusable": images.unusable != "",
    }
    return np.array(made.get(only, images.unusable == ""), bool)


def _keys(
    images: Images, sort: str, rows: NDArray[np.int64], suggested: NDArray[np.int64] | None
) -> tuple[NDArray[np.generic], ...]:
    """The keys of an order, the last one first, as numpy.lexsort takes them."""
    unsure = -images.unsure[rows]
    if sort == "gene":
        names = np.unique(images.genes[rows].astype(str), return_inverse=True)[1]
        return images.guess[rows], names, images.genes[rows] == ""
    if sort == "class":
        shown = np.where(images.label >= 0, images.label, images.guess)[rows]
        return (shown,)
    if sort == "id":
        return (np.unique(images.ids[rows].astype(str), return_inverse=True)[1],)
    if sort == "age" and images.age is not None:
        return (images.age[rows],)  # NaN comes last
    if sort == "scope" and images.distance is not None:
        return (-np.nan_to_num(images.distance[rows]),)
    if sort == "doubtful":
        return (-np.where(doubtful(images), images.doubt, 0)[rows],)
    if sort == "contradicts":
        return unsure, ~images.contradicts()[rows]
    open_ = ~to_label_next(images)[rows]
    if sort == "next" and suggested is not None:
        place = np.full(images.count, images.count)
        place[suggested] = np.arange(len(suggested))
        return unsure, place[rows], open_
    return unsure, open_


def _index(classes: tuple[str, ...], name: str) -> int:
    return -1 if name == NONE else classes.index(name) if name in classes else -2
