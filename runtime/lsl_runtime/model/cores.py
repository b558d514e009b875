"""How many processors this process may use."""

from __future__ import annotations

import os

__all__ = ["cores"]


def cores() -> int:
    """The processors that this process may use: fewer than the machine's where SLURM, say, keeps it to a few."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
