from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lsl_shared.errors import ConfigError
from lsl_trainer.networks.trunk import PooledTrunk, Trunk, parameter_blocks, pooled_grid


class Three(Trunk):
    """Three convolutions, of which the first has batch normalization."""

    def __init__(self) -> None:
        super().__init__(["one", "two", "three"])
        self.blocks = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.BatchNorm2d(4)), nn.Conv2d(4, 5, 3), nn.Conv2d(5, 6, 3)]
        )
        self.unused = nn.Linear(2, 2)

    def maps(self, images: Tensor) -> list[Tensor]:
        found = []
        for block in self.blocks:
            images = block(images)
            found.append(images)
        return found


@pytest.mark.parametrize(
    ("sides", "grid"), [((4, 10), (2, 5)), ((7, 7), (4, 4)), ((2, 2), (2, 2)), ((64, 160), (2, 5))]
)
def test_the_grid_keeps_places(sides: tuple[int, int], grid: tuple[int, int]) -> None:
    assert pooled_grid(sides) == grid


def test_features_are_means_of_cells() -> None:
    body = PooledTrunk(Three(), (37, 77)).eval()
    images = torch.rand(2, 3, 37, 77)
    last = body.trunk.maps(images)[-1]  # (2, 6, 14, 34) over 2 × 5 cells
    assert body.grid == (2, 5)
    assert body.n_features == 60
    torch.testing.assert_close(body(images).view(2, 6, 2, 5)[:, :, 0, 0], last[:, :, :7, :7].mean((2, 3)))


def test_every_entry_has_its_block() -> None:
    body = PooledTrunk(Three(), (32, 32)).eval()
    blocks = parameter_blocks(body, body.trunk.maps(torch.rand(1, 3, 32, 32)))
    assert set(blocks) == set(body.state_dict())
    assert {name: block for name, block in blocks.items() if name.endswith("bias")} == {
        "trunk.blocks.0.0.bias": 0,
        "trunk.blocks.0.1.bias": 0,
        "trunk.blocks.1.bias": 1,
        "trunk.blocks.2.bias": 2,
        "trunk.unused.bias": 2,
    }
    assert blocks["trunk.blocks.0.1.running_mean"] == 0


def test_too_small_images_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"images of 8×8 pixels do not fit this backbone: import them larger"):
        PooledTrunk(Three(), (8, 8))
