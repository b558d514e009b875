"""What an epoch came to."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Epoch"]


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to."""

    step: str
    number: int
    """From 1."""
    loss: float
    """Mean over the images."""
    accuracy: float | None
    """Share of labelled training images (augmented, while learning) that were right; None where terms alone are
    learnt."""
    learning_rate: float
    """At its beginning."""
    seconds: float = 0.0
    loss_aside: float | None = None
    """On training images that are kept aside, where there are some."""
