"""Views of images: as they are, or changed at random, the same way every time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_trainer.data.augment import DRAWS, augmented
from lsl_trainer.data.batch import in_unit_range
from lsl_trainer.settings.groups import Augmentation

__all__ = ["UNCHANGED", "View", "views_of"]


@dataclass(frozen=True)
class View:
    """One way to look at an image. Its changes are drawn from its number and the pixels, so they never differ."""

    number: int = 0
    """0: as they are."""
    changes: Augmentation | None = None
    """How others are changed."""

    @property
    def key(self) -> str:
        """Tells it from other views, in a file's name."""
        if self.changes is None:
            return "0"
        told = hashlib.sha256(repr(astuple(self.changes)).encode()).hexdigest()[:8]
        return f"{self.number}-{told}"

    def of(self, images: NDArray[np.uint8], contents: Sequence[bytes]) -> NDArray[np.float32]:
        """Images uint8 (n, H, W, 3) of these SHA-256 in this view, float32 in 0..1."""
        if self.changes is None:
            return in_unit_range(images)
        seeds = [[*np.frombuffer(content[:8], np.uint32), self.number] for content in contents]
        draws = np.stack([np.random.default_rng(seed).uniform(-1, 1, DRAWS) for seed in seeds])
        return augmented(images, self.changes, draws, flip=True)


UNCHANGED = View()


def views_of(changes: Augmentation, count: int) -> tuple[View, ...]:
    """The unchanged view, and `count` − 1 changed ones."""
    return UNCHANGED, *(View(number, changes) for number in range(1, count))
