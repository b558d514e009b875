"""Who labelled a second time, how far they agree with the first, and what is left to settle."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from lsl_shared.labels import LabelSpace
from lsl_tools.review.agreement import Agreement, agreement, disagreements
from lsl_tools.review.answer import SECOND
from lsl_tools.review.ledger import Ledger

__all__ = ["people_told"]


def people_told(ledger: Ledger, space: LabelSpace) -> dict[str, Any]:
    """Agreement pair by pair, and each disagreement with both answers and what settled it."""
    pairs: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for one in ledger.given(SECOND):
        if one.task == space.name:
            pairs[one.by, one.who].append((one.old, one.value))
    told = [
        {"first": first, "second": second} | _told(agreement(both, space.classes))
        for (first, second), both in sorted(pairs.items())
    ]
    apart = [
        {"row": one.row, "id": one.id, "first": one.by, "second": one.who, "said": [one.old, one.value],
         "settled": settled}
        for one, settled in disagreements(ledger, space.name)
    ]  # fmt: skip
    return {"pairs": told, "disagreements": apart}


def _told(one: Agreement) -> dict[str, Any]:
    classes = [
        {"name": name, "images": images, "kappa": _number(value), "low": _number(low), "high": _number(high)}
        for name, (images, value, low, high) in one.classes.items()
    ]
    return {
        "images": one.images, "same": one.same, "kappa": _number(one.kappa), "low": _number(one.low),
        "high": _number(one.high), "classes": classes,
    }  # fmt: skip


def _number(value: float) -> float | None:
    """JSON knows no NaN."""
    return None if math.isnan(value) else round(value, 3)
