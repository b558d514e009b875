"""Measures pieces of work in turns, so that other load on the machine falls on all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

__all__ = ["Spent", "in_turns"]


class Spent(NamedTuple):
    """What a piece of work took, in seconds."""

    wall: float
    """By the clock."""
    processor: float
    """Of processor time, all cores together. Other work on the machine disturbs it little."""


def in_turns(work: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 0) -> dict[str, list[Spent]]:
    """What each piece took in each round. A round runs each once; the first `warm_up` rounds do not count."""
    spent: dict[str, list[Spent]] = {name: [] for name in work}
    for turn in range(warm_up + rounds):
        for name, function in work.items():
            wall, processor = time.perf_counter(), time.process_time()
            function()
            taken = Spent(time.perf_counter() - wall, time.process_time() - processor)
            if turn >= warm_up:
                spent[name].append(taken)
    return spent
