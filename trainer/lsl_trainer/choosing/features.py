"""The features that linear candidates share: computed once, for each size and view of the images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lsl_trainer.choosing.parts import only
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.backbones import block_network
from lsl_trainer.learning.linear_classifier import block_tensors
from lsl_trainer.networks.block_features import BlockFeatures
from lsl_trainer.networks.block_output import CELLS, MOST_CELLS, BlockOutput
from lsl_trainer.networks.residual import Network, block_outputs
from lsl_trainer.settings.config import TrainConfig

__all__ = ["Layer", "SharedFeatures"]


class Layer(NamedTuple):
    """Features of one block."""

    block: int
    """Its number, from 1."""
    cells: int = MOST_CELLS
    """The most of the grid that its map is averaged over."""
    kind: str = CELLS
    """Which features are made of what it gives."""


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
        """`config` names the backbone; `layers` are all that will be asked for.

        None stands for the backbone's last block, or those that `config` names, with all kinds of its features.
        """
        self.device = device
        self._data, self._config, self._folder, self._on_images = data, config, folder, on_images
        self._found: dict[tuple[int, int], dict[Layer, Tensor]] = {}
        self.network, self._outputs, self.layers = cache(self._network), cache(self._given), tuple(layers)
        if not layers:
            self.layers = tuple(self._usual_layers())

    def sizes(self, enlarge: int, layers: Sequence[Layer]) -> tuple[int, ...]:
        """How many features each layer has."""
        given = self._outputs(enlarge)
        return tuple(given[one.block - 1].features(one.kind, one.cells).shape[1] for one in layers)

    def of(self, enlarge: int, view: int, layers: Sequence[Layer]) -> list[Tensor]:
        """(n, D) of each layer. Of images as they are, all layers are computed at once."""
        place = (enlarge, view)
        if not set(layers) <= set(self._found.get(place, {})):
            wanted = self.layers if view == 0 and enlarge in (1, self._config.transfer.enlarge) else tuple(layers)
            self._found[place] = dict(zip(wanted, self._computed(enlarge, view, wanted, self._data), strict=True))
        return [self._found[place][layer] for layer in layers]

    def of_some(self, enlarge: int, view: int, layers: Sequence[Layer], places: NDArray[np.int64]) -> list[Tensor]:
        """(m, D) of each layer, of the images at some `places` (m,) of those that are learnt from, in order."""
        return self._computed(enlarge, view, layers, only(self._data, self._data.learnt_rows[places]))

    def lacking(self, enlarge: int, views: int, layers: Sequence[Layer]) -> int:
        """How many of so many views are still to be computed."""
        return sum(not set(layers) <= set(self._found.get((enlarge, view), {})) for view in range(views))

    def _computed(self, enlarge: int, view: int, layers: Sequence[Layer], data: TrainingData) -> list[Tensor]:
        blocks, cells, kinds = zip(*layers, strict=True)
        return block_tensors(
            self.network(enlarge), blocks, data, self._folder, self._on_images, view, cells, kinds
        )  # fmt: skip

    def _usual_layers(self) -> Iterator[Layer]:
        """Of the kind that was asked for; of all kinds where it was left open."""
        asked, body = self._config.transfer, self._body(self._config.transfer.enlarge)
        for kind in body.kinds if asked.feature_kind == "auto" else (asked.kind,):
            yield from (Layer(block, asked.feature_cells, kind) for block in body.blocks)

    def _body(self, enlarge: int) -> BlockFeatures:
        return cast(BlockFeatures, self.network(enlarge).body)

    def _given(self, enlarge: int) -> list[BlockOutput]:
        """What the blocks give for one image."""
        network = self.network(enlarge)
        with torch.no_grad():
            return block_outputs(network.body, torch.zeros(1, 3, *self._data.image_size, device=network.mean.device))

    def _network(self, enlarge: int) -> Network:
        blocks = tuple(sorted({layer.block for layer in self.layers}))
        config = self._config.having(method="linear", enlarge=enlarge, tasks=(), task_weights=())
        config = config.having(feature_blocks=blocks or config.transfer.feature_blocks)
        return block_network(config, self._data.image_size, max(self._data.fine_outputs, 1)).to(self.device)
