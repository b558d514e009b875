"""The labelled images that a model finds most similar to one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.annotations import Annotations

__all__ = ["Features"]

_AXES = 256
_BLOCK = 512


class Features:
    """The features of all images, float16 (N, at most 256), of length 1; random directions keep angles, nearly."""

    def __init__(self, unit: NDArray[np.float16]) -> None:
        self._unit = unit

    @classmethod
    def read(cls, annotations: Path) -> Features | None:
        """From annotations with features; None where there are none."""
        if not annotations.exists():
            return None
        with Annotations(annotations) as given:
            if not given.has_features:
                return None
            size = given.features(0, 1).shape[1]
            axes = np.random.default_rng(0).standard_normal((size, _AXES), np.float32) if size > _AXES else None
            unit = np.zeros((len(given), min(size, _AXES)), np.float16)
            for start in range(0, len(given), _BLOCK):
                block = np.nan_to_num(given.features(start, start + _BLOCK))
                brought = block if axes is None else block @ axes
                unit[start : start + _BLOCK] = brought / np.maximum(
                    np.linalg.norm(brought, axis=1, keepdims=True), 1e-12
                )
        return cls(unit)

    def nearest(self, row: int, among: NDArray[np.int64], most: int) -> list[tuple[int, float]]:
        """The images of `among` most like the one at `row`, with the cosine, the nearest first."""
        among = among[among != row]
        if not len(among):
            return []
        cosine = self._unit[among].astype(np.float32) @ self._unit[row].astype(np.float32)
        best = np.argsort(-cosine, kind="stable")[:most]
        return [(int(among[place]), float(cosine[place])) for place in best]
