"""Trunks: networks that others have trained, as a row of blocks; F is a trunk with its last map pooled."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_shared.errors import ConfigError

__all__ = ["MOST_CELLS", "PooledTrunk", "Trunk", "parameter_blocks", "pooled_grid"]

MOST_CELLS = 16
"""Of a pooled map."""


class Trunk(nn.Module):
    """Blocks in a row, named by `names`; `maps` gives what each of them puts out."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)

    def shortened(self, count: int) -> Trunk:
        """The same trunk, which may leave out what comes after its first `count` blocks."""
        return self

    def maps(self, images: Tensor) -> list[Tensor]:
        """Normalized images (B, 3, H, W) → a map (B, C, H', W') of every block, in order."""
        raise NotImplementedError


class PooledTrunk(nn.Module):
    """F of a transferred network: the last map, averaged over a coarse grid and flattened, (B, 3, H, W) → (B, D).

    The grid keeps where things are: standardized embryos all lie alike.
    """

    def __init__(self, trunk: Trunk, image_size: tuple[int, int]) -> None:
        """Raises ConfigError where images of `image_size` (H, W) are too small for the trunk."""
        super().__init__()
        self.trunk = trunk
        channels, *sides = _last_shape(trunk, image_size)
        self.grid = pooled_grid((sides[0], sides[1]))
        self.n_features = channels * self.grid[0] * self.grid[1]

    def forward(self, images: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(self.trunk.maps(images)[-1], self.grid).flatten(1)


def pooled_grid(sides: tuple[int, int], cells: int = MOST_CELLS) -> tuple[int, int]:
    """The sides of a map, both halved until it has at most 16 `cells`: 4 × 10 becomes 2 × 5."""
    rows, columns = sides
    while rows * columns > cells:
        rows, columns = -(-rows // 2), -(-columns // 2)
    return rows, columns


def parameter_blocks(body: nn.Module, maps: Sequence[Tensor]) -> dict[str, int]:
    """The block of every entry of `body.state_dict()`: the first of `maps` that it acts on, the last for those of none.

    `maps` are `body`'s, with their autograd graphs. Buffers go with the parameters of their module.
    """
    names, parameters = zip(*body.named_parameters(), strict=True)
    blocks = dict.fromkeys(names, len(maps) - 1)
    for number in (place for place in reversed(range(len(maps))) if maps[place].requires_grad):
        found = torch.autograd.grad(maps[number].sum(), parameters, allow_unused=True, retain_graph=True)
        blocks |= {name: number for name, gradient in zip(names, found, strict=True) if gradient is not None}
    modules = {name.rpartition(".")[0]: number for name, number in blocks.items()}
    return {name: blocks.get(name, modules.get(name.rpartition(".")[0], 0)) for name in body.state_dict()}


@torch.no_grad()
def _last_shape(trunk: Trunk, image_size: tuple[int, int]) -> tuple[int, ...]:
    """(C, H', W') of the last map."""
    trunk.eval()
    try:
        shape = trunk.maps(torch.zeros(1, 3, *image_size))[-1].shape
    except (RuntimeError, ValueError) as problem:
        first = str(problem).strip().partition("\n")[0]
        only = getattr(trunk, "only_size", None)
        if only and only != tuple(image_size):
            raise ConfigError(
                f"this backbone takes images of {only[0]}×{only[1]} pixels and no other size: import them so "
                f"(`lsl-store import --size {only[0]}x{only[1]}`), or take another one"
            ) from None
        raise ConfigError(
            f"images of {image_size[0]}×{image_size[1]} pixels do not fit this backbone: import them larger "
            f"(`lsl-store import --size HxW`), or take another one. It says: {first}"
        ) from None
    return tuple(shape[1:])
