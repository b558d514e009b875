"""The masked map of a class: from its images' own masks, or from one mask that all have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.bootstrap import area_mean
from lsl_runtime.gem.build.sums import Sums

__all__ = ["MaskedSums"]


@dataclass(frozen=True, eq=False)
class MaskedSums:
    """The sums of a class and the mask `common` to its images, float32 (H, W) in 0..1; None takes their own masks."""

    sums: Sums
    common: NDArray[np.float32] | None = None

    @property
    def plane(self) -> NDArray[np.float32]:
        """The masked map, float32 (H, W). A common mask comes out of the sum: Σ w m e = m Σ w e."""
        if self.common is None:
            return np.asarray(self.sums.masked / self.sums.weight, np.float32)
        return np.asarray(self.common * (self.sums.value / self.sums.weight).astype(np.float32))

    def band(self) -> NDArray[np.float32]:
        """Its band, float32 (2, h, w). That of a common mask is the band of the stain alone: the mask stands fast."""
        if self.common is None:
            return self.sums.masked_replicates.band()
        band = self.sums.replicates.band()
        return np.asarray(band * area_mean(self.common, (band.shape[1], band.shape[2])))
