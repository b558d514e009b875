"""A step: all that a learner needs to know of what it learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from lsl_trainer.data.batch import Labelled, Loss
from lsl_trainer.data.sampling import Sampler
from lsl_trainer.networks.residual import Network

__all__ = ["Step"]


@dataclass(frozen=True)
class Step:
    """One of the trainings that a method is made of, begun."""

    name: str
    """coarse, fine, feature or constrained."""
    data: Labelled
    loss: Loss
    epochs: int
    learning_rate: float
    flip: bool
    """Whether images are flipped, if the settings have it."""
    seed: int
    """Different for each step."""
    sampler: Sampler | None = None
    """What the batches of an epoch hold; None takes every image once, in random order."""
    strong: bool = False
    """Whether batches hold a second, more strongly changed view of their images."""
    memory: Mapping[str, Tensor] = field(default_factory=dict)
    """What the loss remembers from batch to batch: tensors that it changes in place."""
    finish: Callable[[Network], None] | None = None
    """Changes the network once, when the step has ended; None leaves it."""
    loss_aside: Callable[[Network], float] | None = None
    """The loss on training images that are kept aside, which says when to stop; None learns all epochs."""
    reference_sets: Tensor | None = None
    """int64 (n_sets, K): the reference sets that the loss compares with, indices into `data`."""
    half_size_epochs: int = 0
    """Its first epochs, which learn from images of half the size."""
    image_size: tuple[int, int] = (0, 0)
    """(H, W) of whole images, where some epochs learn from halves."""
    until_learnt: bool = False
    """Whether it ends once it names every training image right."""
    notes: tuple[str, ...] = ()
    """What a person should know of how it began."""
