"""The features that linear candidates share: computed once, for each size and view of the images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lsl_trainer.choosing.parts import only
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.backbones import block_network
from lsl_trainer.learning.linear_classifier import block_tensors
from lsl_trainer.networks.block_features import BlockFeatures
from lsl_trainer.networks.residual import Network
from lsl_trainer.networks.trunk import MOST_CELLS
from lsl_trainer.settings.config import TrainConfig

__all__ = ["Layer", "SharedFeatures"]

Layer = tuple[int, int]
"""The number of a block, and the most cells of the grid that its map is averaged over."""


class SharedFeatures:
    """Features of the blocks of a backbone, of all images that are learnt from."""

    def __init__(
        self,
        data: TrainingData,
        config: TrainConfig,
        layers: Sequence[Layer],
        device: torch.device,
        folder: Path | None = None,
        on_images: Callable[[int], None] = lambda count: None,
    ) -> None:
        """`config` names the backbone; `layers` are all that will be asked for, or none: the backbone's last block."""
        self.device = device
        self._data, self._config, self._folder, self._on_images = data, config, folder, on_images
        self._found: dict[tuple[int, int], dict[Layer, Tensor]] = {}
        self.network, self.layers = cache(self._network), tuple(layers)
        if not layers:
            self.layers = tuple((block, MOST_CELLS) for block in self._body(1, MOST_CELLS).blocks)

    def sizes(self, enlarge: int, layers: Sequence[Layer]) -> tuple[int, ...]:
        """How many features each layer has."""
        bodies = [(self._body(enlarge, cells), block) for block, cells in layers]
        return tuple(dict(zip(body.blocks, body.sizes, strict=True))[block] for body, block in bodies)

    def of(self, enlarge: int, view: int, layers: Sequence[Layer]) -> list[Tensor]:
        """(n, D) of each layer. Of images as they are, all layers are computed at once."""
        place = (enlarge, view)
        if not set(layers) <= set(self._found.get(place, {})):
            wanted = self.layers if place == (1, 0) else tuple(layers)
            blocks, cells = zip(*wanted, strict=True)
            network = self.network(enlarge, MOST_CELLS)
            found = block_tensors(network, blocks, self._data, self._folder, self._on_images, view, cells)
            self._found[place] = dict(zip(wanted, found, strict=True))
        return [self._found[place][layer] for layer in layers]

    def of_some(self, enlarge: int, view: int, layers: Sequence[Layer], places: NDArray[np.int64]) -> list[Tensor]:
        """(m, D) of each layer, of the images at some `places` (m,) of those that are learnt from, in order."""
        blocks, cells = zip(*layers, strict=True)
        some = only(self._data, self._data.learnt_rows[places])
        return block_tensors(
            self.network(enlarge, MOST_CELLS), blocks, some, self._folder, self._on_images, view, cells
        )

    def lacking(self, enlarge: int, views: int, layers: Sequence[Layer]) -> int:
        """How many of so many views are still to be computed."""
        return sum(not set(layers) <= set(self._found.get((enlarge, view), {})) for view in range(views))

    def _body(self, enlarge: int, cells: int) -> BlockFeatures:
        return cast(BlockFeatures, self.network(enlarge, cells).body)

    def _network(self, enlarge: int, cells: int) -> Network:
        blocks = tuple(sorted({block for block, _ in self.layers}))
        config = self._config.having(method="linear", enlarge=enlarge, feature_cells=cells)
        config = config.having(feature_blocks=blocks or config.transfer.feature_blocks)
        return block_network(config, self._data.image_size, self._data.fine_outputs).to(self.device)
