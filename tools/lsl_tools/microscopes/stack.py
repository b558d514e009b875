"""What a microscope's file holds of one scene: planes along times, channels and depths, read one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

__all__ = ["Channel", "Open", "Scenes", "Stack"]


@dataclass(frozen=True)
class Channel:
    """A channel as the file calls it, '' where it has no name; the colour that it is shown in, None where none is."""

    name: str = ""
    colour: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Stack:
    """One scene, before its pixels are read."""

    size: tuple[int, int]
    """(H, W) of a plane."""
    lengths: Mapping[str, int]
    """How many planes there are along T, C, Z and other axes; an axis of one may be left out."""
    plane: Callable[[Mapping[str, int]], NDArray[Any]]
    """The values at a place along each axis: (H, W), or (H, W, 3 or 4) in RGB."""
    channels: tuple[Channel, ...] = ()
    """Those along C in their order, as far as the file tells."""
    in_colour: bool | None = None
    """Whether three channels are red, green and blue; None where their names decide."""
    bits: int = 0
    """Of a value, as the file states; 0 where it does not."""
    pixel_size: tuple[float, float] | None = None
    """Height and width of a pixel in µm."""
    remarks: tuple[str, ...] = field(default=())


class Scenes(Protocol):
    """An open file: one photograph a scene."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the scenes, unlike each other; one '' where the file holds one scene."""

    def stack(self, place: int) -> Stack:
        """The scene at a place. Raises ImageError."""


Open = Callable[[Path], AbstractContextManager[Scenes]]
"""Opens a file. Raises ImageError, or OSError."""
