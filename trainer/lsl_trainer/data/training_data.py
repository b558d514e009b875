"""What a training learns from: its tasks, the split, and labelled images for every purpose."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import ConfigError
from lsl_shared.labels import LabelSpace
from lsl_trainer.data.batch import Labelled
from lsl_trainer.tasks.classes import FineTask
from lsl_trainer.tasks.learnt_task import LearntTask

__all__ = ["ALLOWED", "TrainingData"]

ALLOWED = "allowed set"
"""Among the labels of `TrainingData.constrained`: no task has such a name."""


@dataclass(frozen=True)
class TrainingData:
    """The data of one training. All sets share one array of images."""

    first: tuple[FineTask, ...]
    """The task of classes to learn; none where terms are learnt alone."""
    further: tuple[LearntTask, ...]
    """Tasks to learn beside it, or the terms that are learnt alone. `fine` then holds their labels too, and images that
    have only those."""
    coarse_space: LabelSpace | None
    """The coarse task that a step learns. None for a fine task without coarse labels (method plain)."""
    constraints: tuple[CoarseTask, ...]
    """The coarse tasks whose labels are learnt together; none for methods that learn one alone, or none."""
    allowed: NDArray[np.bool_]
    """(S, K + 1): the sets of fine classes that these labels allow, the last column for none of them."""
    contradictory: int
    """Images that were left out, because their coarse labels allow no class together."""
    part: NDArray[np.int8]
    """(N,) of the store: the part of each image, index into split.PARTS."""
    ids: NDArray[np.object_]
    """(N,) of the store."""
    genes: NDArray[np.object_]
    """(N,) of the store, '' where none is known."""
    coarse: Labelled
    """D_t: training images with a coarse label; empty for methods that do not learn these."""
    fine: Labelled
    """D_s: training images with a fine label that counts."""
    constrained: Labelled
    """Training images with a label of one of `constraints`, or with a fine label, which alone counts; of `others`,
    `ALLOWED` is the index into `allowed`, −1 where all is possible. Empty for other methods."""
    coarse_aside: Labelled
    fine_aside: Labelled
    """Training images that only say when to stop; empty without `patience`."""
    calibration: Labelled
    test: Labelled
    held: Labelled
    """The calibration images with a label of a further task; their fine labels may be −1."""
    held_ranges: NDArray[np.int64]
    """(n,): their coarse classes, or classes where there are no coarse ones; with the gene they make the bags."""
    folds: NDArray[np.int64]
    """(n,): when each of `learnt_rows` is left out in turn, to calibrate; empty where calibration images do that."""
    straddling: tuple[str, ...]
    """Genes that a stored split parts."""
    fingerprint: str
    image_size: tuple[int, int]

    @property
    def tasks(self) -> tuple[LearntTask, ...]:
        """All tasks, in the order of the network's outputs."""
        return (*self.first, *self.further)

    @property
    def fine_space(self) -> LabelSpace:
        """The classes to learn, or the terms where these are learnt alone."""
        return self.tasks[0].space

    @property
    def fine_outputs(self) -> int:
        """How many of the network's outputs, the first ones, are fine classes."""
        return sum(len(task.space) for task in self.first)

    @property
    def outputs(self) -> int:
        """How many outputs the network has in the end: those of all tasks."""
        return sum(len(task.space) for task in self.tasks)

    @property
    def learnt_rows(self) -> NDArray[np.int64]:
        """(n,): which of the images are learnt from, in order, each once."""
        return np.unique(np.concatenate([self.fine.rows, self.coarse.rows, self.constrained.rows]))

    @property
    def coarsely_labelled(self) -> Labelled:
        """The training images with a coarse label that is learnt: of one coarse task, or of those that are together."""
        if not self.constraints:
            return self.coarse
        return self.constrained.part(self.constrained.others[ALLOWED] >= 0)

    @property
    def coarse_classes(self) -> LabelSpace:
        """The coarse task, for steps that learn it. Raises ConfigError where there is none."""
        if self.coarse_space is None:
            raise ConfigError(f"task {self.fine_space.name!r} has no coarse task, and a step learns coarse labels")
        return self.coarse_space

    @property
    def digest(self) -> str:
        """SHA-256 over the store's fingerprint, the split, and all labels that are learnt from."""
        digest = hashlib.sha256(self.fingerprint.encode() + self.part.tobytes())
        together = [self.constrained] if len(self.constraints) > 1 else []
        for labelled in (self.coarse, self.fine, *together):
            digest.update(labelled.rows.tobytes() + labelled.labels.tobytes())
            for others in labelled.others.values():
                digest.update(np.ascontiguousarray(others).tobytes())
        return digest.hexdigest()
