"""Line 1 of Algorithm 1: coarse labels."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from lsl_shared.measures.metrics import is_ordered
from lsl_trainer.data.batch import Labelled
from lsl_trainer.learning.steps.planned import PlannedStep
from lsl_trainer.learning.steps.step import Step
from lsl_trainer.losses.cross_entropy import cross_entropy
from lsl_trainer.networks.residual import Network

__all__ = ["CoarseStep"]


class CoarseStep(PlannedStep):
    """L_CE of all training images with a coarse label, D_t."""

    name, seed, fine_labels = "coarse", 3, False

    @property
    def data(self) -> Labelled:
        """D_t."""
        return self.training.coarse

    @property
    def aside(self) -> Labelled:
        """Images with a coarse label."""
        return self.training.coarse_aside

    @property
    def outputs(self) -> int:
        """One for each coarse class."""
        return len(self.training.coarse_classes)

    @property
    def epochs(self) -> int:
        """--coarse-epochs"""
        return self.config.epochs.coarse_epochs

    def begin(self, network: Network, reference_sets: Tensor | None = None) -> Step:
        """L_CE at the usual learning rate."""
        ordered = is_ordered(self.training.coarse_classes.classes)
        loss = cross_entropy(self.config.regularization, ordered=ordered)
        step = self.step(loss, self.config.descent.learning_rate, self.outputs)
        return replace(step, notes=(*step.notes, *self._told()))

    def _told(self) -> list[str]:
        """Which coarse task is learnt, where there are several to take and none was named."""
        mine = self.training.coarse_classes.name
        others = [one.name for task in self.training.first for one in task.coarse if one.name != mine]
        if not others or self.config.labels.coarse:
            return []
        return [f"the step on coarse labels learns {mine}, not {', '.join(others)}; --coarse names another"]
