"""What a block of a network gives for images, and the kinds of features that are made of it.

cells       the map, averaged over a coarse grid: where things are
mean        the map's mean: the patches of a vision transformer, all alike
cls         the class token
cls+mean    both, side by side
registers   the register tokens, side by side
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["CELLS", "KINDS", "MOST_CELLS", "BlockOutput", "pooled_grid"]

CELLS = "cells"
KINDS = (CELLS, "mean", "cls", "cls+mean", "registers")
MOST_CELLS = 16
"""Of a pooled map."""


@dataclass(frozen=True)
class BlockOutput:
    """Of B images."""

    map: Tensor
    """(B, C, H', W')"""
    cls: Tensor | None = None
    """(B, C): the class token, where the network has one."""
    registers: Tensor | None = None
    """(B, R · C): the register tokens, side by side."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of features that can be made of it."""
        having = {"cls": self.cls, "cls+mean": self.cls, "registers": self.registers}
        return tuple(kind for kind in KINDS if having.get(kind, self.map) is not None)

    def grid(self, cells: int) -> tuple[int, int]:
        """Rows and columns of the grid of at most so many cells."""
        return pooled_grid((self.map.shape[2], self.map.shape[3]), cells)

    def features(self, kind: str, cells: int = MOST_CELLS) -> Tensor:
        """(B, D), of one of `kinds`; `cells` are the most of a grid."""
        if kind == CELLS:
            return F.adaptive_avg_pool2d(self.map, self.grid(cells)).flatten(1)
        parts = {"mean": self.map.mean((2, 3)), "cls": self.cls, "registers": self.registers}
        found = [one for name in kind.split("+") if (one := parts[name]) is not None]
        return torch.cat(found, 1) if len(found) > 1 else found[0]


def pooled_grid(sides: tuple[int, int], cells: int = MOST_CELLS) -> tuple[int, int]:
    """The sides of a map, both halved until it has at most 16 `cells`: 4 × 10 becomes 2 × 5."""
    rows, columns = sides
    while rows * columns > cells:
        rows, columns = -(-rows // 2), -(-columns // 2)
    return rows, columns
