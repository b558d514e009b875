"""Lines 3 and 4 of Algorithm 1, feature-level learning: reference sets are drawn, and features pulled towards them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from lsl_trainer.calibration.temperature import softmax
from lsl_trainer.data.batch import Loss
from lsl_trainer.data.notes import listed
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.learning.steps.fine import FineStep
from lsl_trainer.learning.steps.step import Step
from lsl_trainer.losses.feature_level import combined_loss
from lsl_trainer.losses.references import ReferenceWarning, select_references
from lsl_trainer.networks.residual import Network

__all__ = ["FeatureStep"]


class FeatureStep(FineStep):
    """L_CE + L_S (eq. 7) against reference sets that the network of step one is sure of."""

    name, seed, new_head, flip = "feature", 5, False, False
    any_size, until_learnt = False, False

    @property
    def epochs(self) -> int:
        """--feature-epochs"""
        return self.config.epochs.feature_epochs

    @property
    def further_passes(self) -> float:
        """Those of the reference sets."""
        per_set, settings = len(np.unique(self.data.labels)), self.config
        draws = 1 if settings.references.reference_draw == "sample" else settings.descent.batch_size
        return self.epochs * len(self.data) * (per_set / draws)

    def begin(self, network: Network, reference_sets: Tensor | None = None) -> Step:
        """Draws the reference sets, where no checkpoint has them."""
        sets, notes = (reference_sets, ()) if reference_sets is not None else self._draw(network)
        loss = self.with_further_tasks(self.first_loss(sets))
        step = self.step(loss, self.config.descent.feature_learning_rate, self.training.fine_outputs)
        return replace(step, reference_sets=sets, notes=notes)

    def first_loss(self, sets: Tensor) -> Loss:
        """The loss of the fine labels."""
        settings = self.config
        return combined_loss(self.data, sets, settings.references, settings.regularization, ordered=self.ordered)

    def _draw(self, network: Network) -> tuple[Tensor, tuple[str, ...]]:
        """Reference sets by the network as it is, in eval mode, on unaugmented images; and what to note of them."""
        settings = self.config.references
        logits = logits_of(network, self.data.images, self.data.rows)[:, : self.training.fine_outputs]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ReferenceWarning)
            sets = select_references(
                torch.from_numpy(softmax(logits.numpy())),
                torch.from_numpy(self.data.labels),
                settings.threshold,
                settings.reference_sets,
                torch.Generator().manual_seed(self.config.seed),
            )
        return sets, self._notes([one.message for one in caught if isinstance(one.message, ReferenceWarning)])

    def _notes(self, warned: Sequence[ReferenceWarning]) -> tuple[str, ...]:
        if not warned:
            return ()
        space = self.training.fine_space
        names = listed([space.classes[warning.class_index] for warning in warned])
        return (
            f"no training image of {space.name} {names} is predicted right with more than τ = "
            f"{self.config.references.threshold}; the most confident one of each is its only reference",
        )
