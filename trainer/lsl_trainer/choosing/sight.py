"""What is seen of a store and a machine before anything is tried."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from lsl_shared.measures.metrics import is_ordered
from lsl_trainer.data.training_data import ALLOWED, TrainingData

__all__ = ["Sight", "look"]


@dataclass(frozen=True)
class Sight:
    """What decides which candidates there are."""

    images: int
    """Training images with a label that can be learnt from."""
    fine: int
    """Those with a fine label."""
    least: int
    """The fine labels of the class that has the fewest, of those that have any."""
    classes: int
    coarse: int
    """Training images with a coarse label."""
    coarse_classes: int
    """How many different ones, or sets of fine classes that they allow together."""
    genes: int
    image_size: tuple[int, int]
    ordered: bool
    """Whether the classes are numbers in ascending order."""
    threads: int
    gpu: bool

    @property
    def coarse_helps(self) -> bool:
        """Whether coarse labels say more than the fine ones do."""
        return self.coarse > self.fine and self.coarse_classes > 1

    def __str__(self) -> str:
        coarse = f", {self.coarse:,} with a coarse one" if self.coarse else ""
        order = ", in order" if self.ordered else ""
        where = "a GPU" if self.gpu else f"{self.threads} threads"
        height, width = self.image_size
        return (
            f"{self.images:,} training images of {height}×{width} from {self.genes:,} groups, {self.fine:,} with a "
            f"fine label ({self.classes} classes{order}, {self.least} or more each){coarse}; {where}"
        )


def look(data: TrainingData, device: torch.device) -> Sight:
    """Looks at the training images of `data`, and at where they would be learnt from."""
    labelled = data.fine.labels[data.fine.labels >= 0]
    counts = np.bincount(labelled, minlength=data.fine_outputs)
    learnt = np.concatenate([data.fine.groups, data.coarse.groups, data.constrained.groups])
    coarse = data.coarsely_labelled
    return Sight(
        images=len(data.learnt_rows),
        fine=len(labelled),
        least=int(counts[counts > 0].min()),
        classes=data.fine_outputs,
        coarse=len(coarse),
        coarse_classes=len(np.unique(coarse.others[ALLOWED] if data.constraints else coarse.labels)),
        genes=len(np.unique(learnt)),
        image_size=data.image_size,
        ordered=is_ordered(data.fine_space.classes),
        threads=torch.get_num_threads(),
        gpu=device.type == "cuda",
    )
