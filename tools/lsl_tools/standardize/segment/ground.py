"""The light of the empty ground behind the embryos: a smooth surface, fitted to what is flat and bright."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ground", "model_ground", "roughness"]

WINDOW: Final = 7  # pixels in which roughness is measured
EVERY: Final = 6  # of the pixels take part in the fit
FLAT: Final = 2.5  # times the noise that the ground may vary in a window
SAME_LIGHT: Final = 25.0  # grey levels that the ground may fall off at first sight
ROUNDS: Final = 8
ROUGH_FROM: Final = ROUNDS - 3  # after this round, rough pixels may be ground as well

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Ground:
    """The ground's light float32 (H, W, 3) in 0..255, and its noise: (3,) and in `roughness`, in grey levels."""

    light: FloatArray
    noise: FloatArray
    roughness: float


def model_ground(photograph: FloatArray, rough: FloatArray) -> Ground:
    """Fits the light of the ground of a photograph float32 (H, W, 3), a second-order surface for each channel.

    `rough` is its `roughness`. The fit begins with the brightest flat pixels and, as it settles, takes in what lies on
    the surface and gives up what does not, so that embryos, even smooth ones, do not bend it.
    """
    import cv2

    height, width = photograph.shape[:2]
    rows, columns = np.arange(0, height, EVERY), np.arange(0, width, EVERY)
    colours = np.ascontiguousarray(photograph[::EVERY, ::EVERY].reshape(-1, 3).T)
    surface = _Surface(_terms(rows, columns, height, width), colours)
    variation = rough[::EVERY, ::EVERY].ravel()
    flat = variation <= FLAT * max(float(np.quantile(variation, 0.1)), 0.3)
    chosen = surface.fit(flat)
    coarse = (max(2, height // EVERY), max(2, width // EVERY))
    rows, columns = ((np.arange(n) + 0.5) * side / n - 0.5 for n, side in zip(coarse, (height, width), strict=True))
    light = (_terms(rows, columns, height, width) @ surface.weights).reshape(*coarse, 3)
    light = np.asarray(cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return Ground(light, surface.noise, float(np.median(variation[chosen])) if chosen.any() else 0.0)


def roughness(photograph: FloatArray) -> FloatArray:
    """How much a photograph float32 (H, W, 3) varies around each pixel, in grey levels, float32 (H, W)."""
    import cv2

    window, grey = (WINDOW, WINDOW), cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)
    mean, square = cv2.blur(grey, window), cv2.blur(grey * grey, window)
    return np.asarray(cv2.sqrt(np.maximum(square - mean * mean, 0)), np.float32)


def _terms(rows: NDArray[Any], columns: NDArray[Any], height: int, width: int) -> FloatArray:
    """1, x, y, x², xy, y² at the crossings of rows and columns, (R · C, 6); the frame reaches from -1 to 1."""
    down, along = 2 * rows / max(height - 1, 1) - 1, 2 * columns / max(width - 1, 1) - 1
    y, x = np.meshgrid(down.astype(np.float32), along.astype(np.float32), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)


class _Surface:
    """The fit: `terms` (P, 6), `colours` (3, P) of the same pixels → `weights` (6, 3) and `noise` (3,)."""

    def __init__(self, terms: FloatArray, colours: FloatArray) -> None:
        self.terms, self.colours = terms, colours
        self.weights: FloatArray = np.zeros((6, 3), np.float32)
        self.noise: FloatArray = np.full(3, 0.5, np.float32)

    def fit(self, flat: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Settles on the pixels bool (P,) that are ground."""
        brightness = self.colours.mean(axis=0)
        chosen: NDArray[np.bool_] = flat & (brightness > np.quantile(brightness[flat], 0.9) - SAME_LIGHT)
        turn = 0
        while turn < ROUNDS:
            self._solve(chosen, order=1 if turn == 0 else 3 if turn == 1 else 6)
            farthest = self._away().max(axis=0)
            settled = max(3.0, 3 * 1.4826 * float(np.median(farthest[chosen])))
            limit = min(settled if turn > 2 else SAME_LIGHT - 5 * turn, SAME_LIGHT)
            nearer = (farthest < limit) & (flat | (turn > ROUGH_FROM))
            if nearer.sum() < 20:
                break
            same, chosen = bool(turn > 2 and (nearer == chosen).all()), nearer
            # What has settled would stay as it is until rough pixels are taken in, and after that to the end.
            turn = turn + 1 if not same else ROUGH_FROM + 1 if turn <= ROUGH_FROM else ROUNDS
        spread = np.median(self._away()[:, chosen], axis=1)
        self.noise = np.maximum(1.4826 * spread, 0.5).astype(np.float32)
        return chosen

    def _away(self) -> FloatArray:
        """How far the colours lie from the surface, (3, P)."""
        return np.asarray(np.abs(self.colours - self.weights.T @ self.terms.T))

    def _solve(self, chosen: NDArray[np.bool_], order: int) -> None:
        terms = self.terms[chosen, :order]
        normal = terms.T @ terms + 1e-3 * np.eye(order, dtype=np.float32)
        self.weights = np.zeros((6, 3), np.float32)
        self.weights[:order] = np.linalg.solve(normal, terms.T @ self.colours[:, chosen].T)
