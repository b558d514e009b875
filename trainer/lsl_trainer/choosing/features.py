"""The features that linear candidates share: computed once, for each size and view of the images."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from torch import Tensor

from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.backbones import block_network
from lsl_trainer.learning.linear_classifier import block_tensors
from lsl_trainer.networks.block_features import BlockFeatures
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["SharedFeatures"]


class SharedFeatures:
    """Features of the blocks of a backbone, of all images that are learnt from."""

    def __init__(
        self, data: TrainingData, config: TrainConfig, folder: Path | None, on_images: Callable[[int], None]
    ) -> None:
        """`config` names the backbone and all its blocks that are asked for."""
        self._data, self._config, self._folder, self._on_images = data, config, folder, on_images
        self.network = cache(self._network)
        self._found = cache(self._blocks)
        self._there: set[tuple[int, int]] = set()

    def sizes(self, enlarge: int, blocks: tuple[int, ...]) -> tuple[int, ...]:
        """How many features each block has."""
        body = self.network(enlarge).body
        assert isinstance(body, BlockFeatures)
        by_block = dict(zip(body.blocks, body.sizes, strict=True))
        return tuple(by_block[block] for block in blocks)

    def of(self, enlarge: int, view: int, blocks: tuple[int, ...]) -> list[Tensor]:
        """(n, D) of each block."""
        found = self._found(enlarge, view)
        return [found[block] for block in blocks]

    def has(self, enlarge: int, turned: bool) -> bool:
        """Whether the features of all views are there already."""
        return (enlarge, 1 if turned else 0) in self._there

    @property
    def blocks(self) -> tuple[int, ...]:
        """The blocks that there are features of."""
        body = self.network(1).body
        assert isinstance(body, BlockFeatures)
        return body.blocks

    def _network(self, enlarge: int) -> Network:
        config = self._config.having(enlarge=enlarge)
        return block_network(config, self._data.image_size, self._data.fine_outputs).to(self._device)

    @property
    def _device(self) -> str:
        from lsl_trainer.settings.device import best_device

        return best_device().type

    def _blocks(self, enlarge: int, view: int) -> dict[int, Tensor]:
        network, blocks = self.network(enlarge), self.blocks
        self._there.add((enlarge, view))
        found = block_tensors(network, blocks, self._data, self._folder, self._on_images, view)
        return dict(zip(blocks, found, strict=True))
