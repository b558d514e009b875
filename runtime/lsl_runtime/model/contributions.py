"""Integrated gradients with their sign: what each pixel adds to a logit, or to one logit against another.

Sundararajan, Taly, Yan 2017 (arXiv:1703.01365), equation 1, from a picture x̄ to the image x, pixels in 0..1:

    contribution of a pixel = Σ over channels of (x − x̄) · ∫ ∂F(x̄ + α (x − x̄)) / ∂x dα,  α from 0 to 1

F is logit(class) − logit(against), or logit(class) alone. The integral is taken by Gauss and Legendre's rule, in
float32 and without rounding pictures to bytes; one picture lies in the middle of the way. Over the pixels,
contributions sum to F(x) − F(x̄), up to the rule's error: that is the paper's axiom of completeness, and
`Model.contributions_sum` gives the right side.

The baseline x̄ is the image without its details (`local_contrast`): a Gaussian of σ = height / 16, 8 pixels at 128.
The paper takes black. On white ground, white would be its like; but from there all tissue counts alike. So these maps
tell which details speak for the class. They say nothing of what is seen in the blurred picture, too.

Smoothing with the sign (Gaussian, mirrored at the frame, so that sums stay) takes away what is chance from pixel to
pixel, before anybody takes a positive part.

A map is no proof. Edge maps and maps of untrained networks look like explanations, too. And a probability that falls
when pixels are deleted may fall because such pictures were never trained on (Hooker et al. 2019, arXiv:1806.10758, who
train anew for every map). Where the truth is known, compare with it: `tools/bench/saliency.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.graphs import Graphs
from lsl_runtime.model.local_contrast import without_details
from lsl_shared.errors import ConfigError

__all__ = ["SMOOTH", "STEPS", "Integration", "sums_of"]

STEPS = 8
"""Pictures on the way from the baseline to the image, where a bundle does not say how many its network needs."""
SMOOTH = 2.0
"""Standard deviation, in pixels, of the Gaussian that smooths contributions before their positive part is taken."""


@dataclass(frozen=True)
class Integration:
    """How contributions are integrated. Raises ConfigError for numbers out of range."""

    steps: int = STEPS
    """Pictures on the way, at least 1."""
    smooth: float = 0.0
    """Standard deviation of the smoothing, in pixels; 0 leaves the maps as they are."""

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ConfigError(f"steps of contributions must be at least 1, received {self.steps}")
        if not 0 <= self.smooth < np.inf:
            raise ConfigError(f"smooth is a number of pixels, at least 0, received {self.smooth}")

    def maps(
        self, graphs: Graphs, pixels: NDArray[np.uint8], class_index: NDArray[np.int64], against: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The contributions float32 (n, H, W) of a batch uint8 (n, H, W, 3) to the logits of these indices, int64 (n,).

        No class index is −1 here. An image's map does not depend on the others.
        """
        maps = np.empty(pixels.shape[:3], np.float32)
        for place, image in enumerate(pixels):
            maps[place] = self._smoothed(self._map(graphs, image, class_index[place], against[place]))
        return maps

    def _map(
        self, graphs: Graphs, image: NDArray[np.uint8], class_index: np.int64, against: np.int64
    ) -> NDArray[np.float32]:
        reference = without_details(image)
        total = np.zeros(image.shape[:2])
        for pictures, weights in self._pictures(image, reference, graphs.batch_for(1)):
            direction = np.broadcast_to((image - reference) / np.float32(255), pictures.shape)
            indices = (np.full(len(pictures), index, np.int64) for index in (class_index, against))
            total += np.tensordot(weights, graphs.contribute(pictures, direction, *indices)["contributions"], 1)
        return np.asarray(total, np.float32)

    def _pictures(
        self, image: NDArray[np.uint8], reference: NDArray[np.float32], size: int
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float64]]]:
        """Yields pictures on the way, float32 (n, H, W, 3), n at most `size`, and the share of the way of each."""
        nodes, weights = np.polynomial.legendre.leggauss(self.steps)  # on −1 to 1
        shares = ((nodes + 1) / 2).astype(np.float32)
        for start in range(0, self.steps, size):
            part = slice(start, start + size)
            yield reference + shares[part, None, None, None] * (image - reference), weights[part] / 2

    def _smoothed(self, contributions: NDArray[np.float32]) -> NDArray[np.float32]:
        import cv2

        if not self.smooth:
            return contributions
        smooth = cv2.GaussianBlur(contributions, (0, 0), self.smooth, borderType=cv2.BORDER_REFLECT)
        return np.asarray(smooth, np.float32)


def sums_of(
    graphs: Graphs, pixels: NDArray[np.uint8], class_index: NDArray[np.int64], against: NDArray[np.int64]
) -> NDArray[np.float32]:
    """F(x) − F(x̄) of a batch, float32 (n,), to which the contributions of each image sum."""
    references = np.empty(pixels.shape, np.float32)
    for reference, image in zip(references, pixels, strict=True):
        reference[...] = without_details(image)
    ends = [
        _differences(graphs.contribute(pictures, np.zeros_like(pictures), class_index, against)["logits"],
                     class_index, against)
        for pictures in (pixels.astype(np.float32), references)
    ]  # fmt: skip
    return ends[0] - ends[1]


def _differences(
    logits: NDArray[np.float32], class_index: NDArray[np.int64], against: NDArray[np.int64]
) -> NDArray[np.float32]:
    """logit(class) − logit(against), or logit(class) where the index against is −1: (n, K) → (n,)."""
    rows = np.arange(len(logits))
    return logits[rows, class_index] - np.where(against < 0, np.float32(0), logits[rows, against])
