"""Features of a frozen network, computed once.

A frozen network says the same of the same pixels, in every epoch, fold and run. `FrozenFeatures` asks it once:

    features = FrozenFeatures(network, folder=run.parent / FEATURES)
    features.of(images)                                        # F of each image, float32 (N, D)
    features.of(images, view=View(1, config.augmentation))     # F of the same images, changed at random
    features.of_blocks(images, [15, 18])                       # pooled maps of blocks, in one pass
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lsl_shared.files.content_hash import image_digests
from lsl_trainer.data.batch import to_tensor
from lsl_trainer.frozen.files import Features, read_features, write_features
from lsl_trainer.frozen.fusing import fused
from lsl_trainer.frozen.origin import Origin
from lsl_trainer.frozen.view import UNCHANGED, View
from lsl_trainer.networks.block_output import CELLS, MOST_CELLS
from lsl_trainer.networks.residual import Network, block_maps, block_outputs
from lsl_trainer.networks.trunk import PooledTrunk

__all__ = ["FEATURES", "FrozenFeatures"]

FEATURES = "features"
"""The folder beside a run that holds them."""
_BATCH, _BATCHES_A_PART = 16, 16
_F = "F"


class FrozenFeatures:
    """What a network's F gives to images in eval mode; each image, layer and view is computed once.

    With a `folder`, features are kept there, by the layer with what leads to it, the pixels and the view; whoever
    asks with the same folder shares them, at the same time too. A killed process loses at most 256 images.
    """

    def __init__(self, network: Network, folder: Path | None = None) -> None:
        """`network` may go on learning with its head; its F stays as it is."""
        self._folder, self._origin = folder, Origin(network)
        self._quick = fused(network)
        self._names = cache(self._name_in_file)

    @property
    def blocks(self) -> int:
        """How many blocks F has."""
        body = self._quick.body
        if isinstance(body, PooledTrunk):
            return len(body.trunk.names)
        with torch.no_grad():
            return len(block_maps(body, torch.zeros(1, 3, 64, 64, device=self._quick.mean.device)))

    def of(
        self,
        images: NDArray[np.uint8],
        rows: NDArray[np.int64] | None = None,
        *,
        view: View = UNCHANGED,
        on_images: Callable[[int], None] = lambda count: None,
    ) -> NDArray[np.float32]:
        """F of images[rows], of all without `rows`: `images` uint8 (M, H, W, 3) → float32 (N, D).

        `on_images` is called with the number of images just computed or found.
        """
        body = self._quick.body
        layer = _layer_name(len(body.trunk.names), kind=body.kind) if isinstance(body, PooledTrunk) else _F
        return self._find(images, rows, (layer,), view, on_images)[layer]

    def of_blocks(
        self,
        images: NDArray[np.uint8],
        blocks: Sequence[int],
        rows: NDArray[np.int64] | None = None,
        *,
        view: View = UNCHANGED,
        cells: Sequence[int] = (),
        kinds: Sequence[str] = (),
        on_images: Callable[[int], None] = lambda count: None,
    ) -> list[NDArray[np.float32]]:
        """Of each of `blocks`, numbers from 1, its map averaged over a coarse grid, float32 (N, D); else as `of`.

        `cells` are the most that each grid has, 16 unless it is said; `kinds` say of each which features are taken
        (`networks.block_output`). A block may be asked for with several grids and kinds.
        """
        most, of_kind = cells or [MOST_CELLS] * len(blocks), kinds or [CELLS] * len(blocks)
        names = list(map(_layer_name, blocks, most, of_kind))
        found = self._find(images, rows, names, view, on_images)
        return [found[name] for name in names]

    def _find(
        self,
        images: NDArray[np.uint8],
        rows: NDArray[np.int64] | None,
        layers: Sequence[str],
        view: View,
        on_images: Callable[[int], None],
    ) -> Features:
        """By layer (N, D): what the folder holds, and what it lacks, computed and put there."""
        rows = np.arange(len(images)) if rows is None else rows
        contents = [image_digests(images[row : row + 1])[0] for row in rows]
        wanted = {content: place for place, content in enumerate(dict.fromkeys(contents))}
        first = dict(zip(reversed(contents), reversed(rows.tolist()), strict=True))
        key, out = f"{images.shape[1]}x{images.shape[2]}-{view.key}", Features()
        names = [self._names(layer) for layer in layers]
        done = read_features(self._folder, key, names, wanted, out) if self._folder else set()
        missing = [content for content, place in wanted.items() if place not in done]
        on_images(len(rows) - len(missing))
        size = _BATCH * _BATCHES_A_PART
        for part in (missing[start : start + size] for start in range(0, len(missing), size)):
            computed = self._compute(images[[first[one] for one in part]], part, layers, view, on_images)
            found = {self._names(layer): value for layer, value in computed.items()}
            for name, value in found.items():
                out.setdefault(name, np.empty((len(wanted), value.shape[1]), np.float32))
                out[name][[wanted[one] for one in part]] = value
            if self._folder:
                write_features(self._folder, key, part, found)
        places = [wanted[content] for content in contents]
        each_once = places == list(range(len(wanted)))
        return {layer: out[name] if each_once else out[name][places] for layer, name in zip(layers, names, strict=True)}

    def _name_in_file(self, layer: str) -> str:
        """The layer, and of which network it is."""
        return f"{layer}, {self._origin.of(None if layer == _F else _layer_of(layer)[0])}"

    @torch.inference_mode()
    def _compute(
        self,
        images: NDArray[np.uint8],
        contents: Sequence[bytes],
        layers: Sequence[str],
        view: View,
        on_images: Callable[[int], None],
    ) -> Features:
        """By layer (n, D). Batches are always full, so that what an image gets does not depend on its company."""
        parts: list[list[Tensor]] = []
        for start in range(0, len(images), _BATCH):
            pixels = view.of(images[start : start + _BATCH], contents[start : start + _BATCH])
            count = len(pixels)
            filled = np.concatenate([pixels, np.zeros((_BATCH - count, *pixels.shape[1:]), np.float32)])
            answers = self._layers(to_tensor(filled, self._quick.mean.device), layers)
            parts.append([answer[:count].float().cpu() for answer in answers])
            on_images(count)
        return {layer: torch.cat(found).numpy() for layer, found in zip(layers, zip(*parts, strict=True), strict=True)}

    def _layers(self, pixels: Tensor, layers: Sequence[str]) -> list[Tensor]:
        if list(layers) == [_F]:
            return [self._quick.features(pixels)]
        outputs = block_outputs(self._quick.body, (pixels - self._quick.mean) / self._quick.std)
        asked = map(_layer_of, layers)
        return [outputs[number - 1].features(kind, cells) for number, cells, kind in asked]


def _layer_name(number: int, cells: int = MOST_CELLS, kind: str = CELLS) -> str:
    if kind != CELLS:
        return f"block {number} {kind}"
    return f"block {number}" if cells == MOST_CELLS else f"block {number} / {cells}"


def _layer_of(layer: str) -> tuple[int, int, str]:
    """The number of a block, the most cells of its grid, and the kind of its features, from its name."""
    block, _, cells = layer.removeprefix("block ").partition(" / ")
    number, _, kind = block.partition(" ")
    return int(number), int(cells or MOST_CELLS), kind or CELLS
