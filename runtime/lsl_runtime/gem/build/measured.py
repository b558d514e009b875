"""One image of a map, measured: its stain density, its embryo, its saliency mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.bootstrap import BAND_ROWS, area_mean, grid_shape
from lsl_runtime.gem.build.masks import saliency_mask, saliency_masks
from lsl_runtime.gem.build.selection import group_name
from lsl_runtime.gem.build.settings import Mode
from lsl_shared.files.store import Store
from lsl_shared.measures.stain import expression
from lsl_shared.measures.stored_stain import from_bytes
from lsl_shared.process.scratch import scratch

__all__ = ["STAINED", "Measured", "measure", "measure_stored"]

STAINED = 0.2
"""Mode `fraction` counts a pixel as stained above this density."""


@dataclass(frozen=True)
class Measured:
    """One chosen image of `group`: `pixels` (H, W, 3), none where nobody looks at them, what it adds to the map, its
    stain density in 0..1, its embryo, and, if wanted, its saliency mask and its contributions."""

    row: int
    group: str
    pixels: NDArray[np.uint8]
    value: NDArray[np.float32]
    density: NDArray[np.float32]
    embryo: NDArray[np.bool_]
    mask: NDArray[np.float32] | None
    contributions: NDArray[np.float32] | None = None

    @cached_property
    def cells(self) -> NDArray[np.float32]:
        """What it adds to the map on the grid of the bootstrap, float32 (h, w)."""
        return area_mean(self.value, grid_shape(self.value.shape, BAND_ROWS))

    @cached_property
    def masked(self) -> NDArray[np.float32] | None:
        """What it adds to the masked map, float32 (H, W); None without a mask."""
        return None if self.mask is None else self.mask * self.value

    @cached_property
    def masked_cells(self) -> NDArray[np.float32] | None:
        """The same on the grid of the bootstrap."""
        return None if self.masked is None else area_mean(self.masked, grid_shape(self.value.shape, BAND_ROWS))

    def kept(self) -> Measured:
        """The same, holding on to nothing of its batch, nor to what its thread fills again."""
        mask, signed = (None if one is None else one.copy() for one in (self.mask, self.contributions))
        value, density, embryo = self.value.copy(), self.density.copy(), self.embryo.copy()
        return Measured(self.row, self.group, self.pixels.copy(), value, density, embryo, mask, signed)


def measure(
    store: Store,
    row: int,
    pixels: NDArray[np.uint8],
    saliency: NDArray[np.float32] | None,
    mode: Mode,
    contributions: NDArray[np.float32] | None = None,
    stain: NDArray[np.uint8] | None = None,
    fleeting: bool = False,
) -> Measured:
    """What the image at `row` adds to a map; `stain` (H, W) is what is stored of it, else it is found in `pixels`.

    Where it is `fleeting`, the next image that this thread measures may overwrite it.
    """
    found = expression(pixels) if stain is None else from_bytes(stain, fleeting)
    value = _value(found.density, mode)
    mask = None if saliency is None else saliency_mask(saliency, found.mask, fleeting)
    return Measured(row, group_name(store, row), pixels, value, found.density, found.mask, mask, contributions)


def measure_stored(
    store: Store,
    rows: NDArray[np.int64],
    pixels: Sequence[NDArray[np.uint8]],
    saliency: NDArray[np.float32] | None,
    mode: Mode,
    stains: NDArray[np.uint8],
) -> list[Measured]:
    """The same of several images of which all is stored, with the same bits; the thread's next call overwrites it.

    Steps take all images at once, since threads hinder each other between two steps.
    """
    found = from_bytes(stains.reshape(-1, stains.shape[-1]), fleeting=True)
    density, embryo = found.density.reshape(stains.shape), found.mask.reshape(stains.shape)
    value = _value(density, mode)
    grid = grid_shape(value.shape[1:], BAND_ROWS)
    cells = area_mean(value, grid)
    mask = None if saliency is None else saliency_masks(saliency, embryo)
    masked = None if mask is None else np.multiply(mask, value, out=scratch("masked", value.shape))
    masked_cells = None if masked is None else area_mean(masked, grid)
    images = []
    for place, row in enumerate(rows.tolist()):
        one, own = None if mask is None else mask[place], (value[place], density[place], embryo[place])
        images.append(Measured(row, group_name(store, row), pixels[place], *own, one))
        known = {"cells": cells, "masked": masked, "masked_cells": masked_cells}
        vars(images[-1]).update({name: each if each is None else each[place] for name, each in known.items()})
    return images


def _value(density: NDArray[np.float32], mode: Mode) -> NDArray[np.float32]:
    return density if mode == "mean" else (density > STAINED).astype(np.float32)
