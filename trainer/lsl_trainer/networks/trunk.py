"""Trunks: networks that others have trained, as a row of blocks; F is what the last one gives, as features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lsl_shared.errors import ConfigError
from lsl_trainer.networks.block_output import CELLS, MOST_CELLS, BlockOutput, pooled_grid

__all__ = ["MOST_CELLS", "PooledTrunk", "Trunk", "check_kind", "parameter_blocks", "pooled_grid"]


class Trunk(nn.Module):
    """Blocks in a row, named by `names`; `maps` gives what each of them puts out, `outputs` its tokens as well."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)

    def shortened(self, count: int) -> Trunk:
        """The same trunk, which may leave out what comes after its first `count` blocks."""
        return self

    def maps(self, images: Tensor) -> list[Tensor]:
        """Normalized images (B, 3, H, W) → a map (B, C, H', W') of every block, in order."""
        raise NotImplementedError

    def outputs(self, images: Tensor) -> list[BlockOutput]:
        """As `maps`, with the class token and the registers of each block, where there are some."""
        return [BlockOutput(found) for found in self.maps(images)]


class PooledTrunk(nn.Module):
    """F of a transferred network: what the last block gives, as features of one kind, (B, 3, H, W) → (B, D).

    A grid of cells keeps where things are: standardized embryos all lie alike.
    """

    def __init__(self, trunk: Trunk, image_size: tuple[int, int], kind: str = CELLS) -> None:
        """Raises ConfigError where images of `image_size` (H, W) are too small, or the trunk lacks that kind."""
        super().__init__()
        self.trunk, self.kind = trunk, kind
        last = _last_output(trunk, image_size)
        check_kind(last, kind)
        self.grid = last.grid(MOST_CELLS)
        self.n_features = last.features(kind).shape[1]

    def forward(self, images: Tensor) -> Tensor:
        return self.trunk.outputs(images)[-1].features(self.kind)


def check_kind(found: BlockOutput, kind: str) -> None:
    """Raises ConfigError where a block has no features of that kind."""
    if kind not in found.kinds:
        raise ConfigError(f"--feature-kind {kind}: this network has {', '.join(found.kinds)} and no {kind}")


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
def _last_output(trunk: Trunk, image_size: tuple[int, int]) -> BlockOutput:
    """What the last block gives for one image."""
    trunk.eval()
    try:
        return trunk.outputs(torch.zeros(1, 3, *image_size))[-1]
    except (RuntimeError, ValueError) as problem:
        first = str(problem).strip().partition("\n")[0]
        only = getattr(trunk, "only_size", None)
        if only and only != tuple(image_size):
            raise ConfigError(
                f"this backbone takes images of {only[0]}×{only[1]} pixels and no other size: --input-size model "
                f"shows them so, or import them so (`lsl-store import --size {only[0]}x{only[1]}`)"
            ) from None
        raise ConfigError(
            f"images of {image_size[0]}×{image_size[1]} pixels do not fit this backbone: import them larger "
            f"(`lsl-store import --size HxW`), or take another one. It says: {first}"
        ) from None
