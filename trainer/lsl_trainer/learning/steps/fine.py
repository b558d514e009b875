"""Line 2 of Algorithm 1: fine labels, and those of further tasks beside them."""

from __future__ import annotations

from torch import Tensor

from lsl_shared.measures.metrics import is_ordered
from lsl_trainer.data.batch import Labelled, Loss
from lsl_trainer.learning.steps.planned import PlannedStep
from lsl_trainer.learning.steps.step import Step
from lsl_trainer.losses.cross_entropy import cross_entropy
from lsl_trainer.losses.multi_task import multi_task_loss
from lsl_trainer.networks.residual import Network

__all__ = ["FineStep"]


class FineStep(PlannedStep):
    """L_CE of all training images with a fine label, D_s, and the losses of further tasks."""

    name, seed, new_head, until_learnt = "fine", 4, True, True

    @property
    def data(self) -> Labelled:
        """D_s."""
        return self.training.fine

    @property
    def aside(self) -> Labelled:
        """Images with a fine label."""
        return self.training.fine_aside

    @property
    def outputs(self) -> int:
        """One for each fine class, and those of the further tasks."""
        return self.training.outputs

    @property
    def epochs(self) -> int:
        """--fine-epochs"""
        return self.config.epochs.fine_epochs

    @property
    def ordered(self) -> bool:
        """Whether the fine classes are in order."""
        return bool(self.training.fine_outputs) and is_ordered(self.training.fine_space.classes)

    @property
    def learnt_weights(self) -> int:
        """One for each task, where there are several and nobody has set their weights."""
        return 1 + len(self.training.further) if self.training.further and not self._weights else 0

    def begin(self, network: Network, reference_sets: Tensor | None = None) -> Step:
        """L_CE at the usual learning rate."""
        loss = self.with_further_tasks(cross_entropy(self.config.regularization, ordered=self.ordered))
        return self.step(loss, self.config.descent.learning_rate, self.training.fine_outputs)

    def with_further_tasks(self, loss: Loss) -> Loss:
        """A loss of the fine labels, and beside it those of the further tasks."""
        if not self.training.further:
            return loss
        data = self.training
        return multi_task_loss(loss, data.fine_outputs, data.further, data.fine, self._weights)

    @property
    def _weights(self) -> tuple[float, ...]:
        """Of the losses of the fine task and the further ones; () learns them. A task alone has nothing to weigh."""
        return (1.0, 1.0) if len(self.training.tasks) == 1 else self.config.labels.task_weights
