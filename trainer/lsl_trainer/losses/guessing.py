"""What a network guesses of images that carry a coarse label alone, and what is remembered of it."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from lsl_trainer.data.batch import Batch, Labelled
from lsl_trainer.data.training_data import ALLOWED
from lsl_trainer.losses.constraint import Constraint
from lsl_trainer.losses.pseudo_labels import class_thresholds, guesses
from lsl_trainer.losses.sibling_shares import SiblingShares, told_by_labels
from lsl_trainer.losses.trial import Trial
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.groups import Constrained

__all__ = ["Guessing"]


class Guessing:
    """The pseudo-labels of a step, and the shares of siblings that follow from its guesses.

    The step has three stretches. In the first nothing is guessed. Then pseudo-labels are on trial: labelled images that
    are left out tell whether guesses get better. In the last they are learnt like other labelled images, and
    pseudo-labels go on if they did no harm.
    """

    def __init__(self, constraint: Constraint, data: Labelled, settings: Constrained, batches: int = 0) -> None:
        """`data` are the images of the step, which has so many `batches`; 0 is one without stretches."""
        self._settings, self._batches, self._siblings = settings, batches, constraint.siblings
        labels, sets = torch.from_numpy(data.labels), torch.from_numpy(data.others[ALLOWED])
        drawn, several = settings.labels_drawn, constraint.siblings.sum(1) > 1
        told = told_by_labels(data.labels, several.numpy()) if drawn == "auto" else drawn == "random"
        unlabelled = _counts(sets[(labels < 0) & (sets >= 0)], len(constraint.sets))
        self.shares = SiblingShares(
            constraint.siblings,
            unlabelled @ constraint.sets.float(),
            _counts(labels[labels >= 0], constraint.outputs),
            settings.share_prior,
            told,
        )
        self.trial = Trial(data.labels)
        self._guesses, self._seen = torch.full((len(data),), -1), torch.zeros(1, dtype=torch.int64)

    @property
    def memory(self) -> dict[str, Tensor]:
        """All that is remembered from batch to batch; the tensors are changed in place.

        `guesses` int64 (N,), the last confident guess of each image, −1 at first; `means`, `rights` and `stopped` of
        shares and trial; `seen` int64 (1,), the batches that lie behind.
        """
        return {
            "guesses": self._guesses,
            "means": self.shares.means,
            "rights": self.trial.rights,
            "stopped": self.trial.stopped,
            "seen": self._seen,
        }

    def begin(self, batch: Batch) -> Batch:
        """A batch without the labels that are left out now."""
        before = self._done
        self._seen += 1
        if self._on_trial:
            out = self.trial.left_out[batch.positions].to(batch.labels.device)
            return replace(batch, labels=batch.labels.masked_fill(out, -1))
        if self._batches and before < self._settings.trial:
            self.trial.judge()
        return batch

    def level(self, network: Network) -> None:
        """Lets the answers lean towards rare siblings: takes a part of the logarithm of their shares off the logits."""
        if self._settings.shares == "learnt":
            with torch.no_grad():
                network.head.bias.sub_(self._settings.levelling * self.shares.log_ratios.to(network.head.bias))

    def labels(self, network: Network, batch: Batch, allowed: Tensor, truth: Tensor) -> Tensor:
        """The labels of a batch, int64 (B,), with those that the network is confident of; −1 where it is not.

        `allowed` bool (B, K); `truth` int64 (B,) are the labels with those that are left out. Where the coarse label
        allows a single class nothing is guessed: the likelihood of the coarse label says it all.
        """
        unsure = (batch.labels < 0) & (allowed.sum(1) > 1)
        if not self._believed:  # a look at those on trial is all that is wanted
            unsure &= self._on_trial & self.trial.left_out[batch.positions].to(unsure.device)
        labels = batch.labels.clone()
        if not self._settings.pseudo_weight or not unsure.any():
            return labels
        guess, probability = self._guessed(network, batch.images[unsure], allowed[unsure])
        positions = batch.positions[unsure.cpu()]
        self.trial.note(positions, (guess == truth[unsure]).cpu(), since=self._believed)
        if self._believed:
            self._remember(positions, guess.cpu(), probability.cpu())
            labels[unsure] = torch.where(probability >= self._thresholds.to(probability)[guess], guess, -1)
        return labels

    def _guessed(self, network: Network, images: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
        """The guess of each image, int64 (n,), and its probability, (n,), by the network in eval mode."""
        with torch.no_grad():
            network.eval()
            logits = network(images)[0]
            network.train()
            if self._believed:
                among = logits.masked_fill(~allowed, -torch.inf).softmax(1)
                self.shares.update(among.float().cpu(), allowed.cpu())
            return guesses(logits, allowed)

    def _remember(self, positions: Tensor, guess: Tensor, probability: Tensor) -> None:
        sure = probability >= self._settings.pseudo_threshold
        self._guesses[positions[sure]] = guess[sure]

    @property
    def _thresholds(self) -> Tensor:
        """The probability from which each class is believed, float (K,)."""
        expected = self.shares.shares if self._settings.shares == "learnt" else None
        return class_thresholds(self._guesses, self._siblings, self._settings.pseudo_threshold, expected)

    @property
    def _done(self) -> float:
        """The part of the step that lies behind, 0..1."""
        return int(self._seen) / self._batches if self._batches else 1.0

    @property
    def _on_trial(self) -> bool:
        return self._done < self._settings.trial

    @property
    def _believed(self) -> bool:
        """Whether guesses count by now."""
        return self._done >= self._settings.pseudo_after and not self.trial.stopped


def _counts(labels: Tensor, classes: int) -> Tensor:
    return torch.bincount(labels, minlength=classes).float()
