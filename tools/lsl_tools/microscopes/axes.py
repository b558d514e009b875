"""Axes that writers named by their place: colours that were taken for x, or that lie side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

__all__ = ["as_meant"]

_SAMPLES: Final = (3, 4)
_AS_X: Final = "axes z, y, x of which x has 3 or 4 pixels: they are taken as y, x and colour"


def as_meant(axes: Sequence[str], lengths: Mapping[str, int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The axes, and remarks: colours side by side are samples, S; a line of 3 pixels is an axis that nobody named."""
    axes = tuple(axes)
    if axes[-1:] == ("C",) and lengths["C"] in _SAMPLES:
        return (*axes[:-1], "S"), ()
    if axes[-3:] == ("Z", "Y", "X") and not {"C", "S"} & lengths.keys() and lengths["X"] in _SAMPLES:
        return (*axes[:-3], "Y", "X", "S"), (_AS_X,)
    return axes, ()
