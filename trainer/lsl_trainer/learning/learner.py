"""Learning one step: epochs of gradient descent over images held in memory.

The weights and the optimizer's tensors after an epoch are all that is needed to go on from there, to the same end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor

from lsl_shared.errors import TrainingError
from lsl_trainer.learning.ahead import ahead
from lsl_trainer.learning.averaging import WeightAverage
from lsl_trainer.learning.best_weights import BestWeights
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.epoch_batches import EpochBatches, OwnBatch
from lsl_trainer.learning.learnt import Learnt
from lsl_trainer.learning.optimizer import new_optimizer, set_rate
from lsl_trainer.learning.processes import average_buffers, average_gradients, one_process, summed
from lsl_trainer.learning.schedule import scheduled_rate
from lsl_trainer.learning.steps.step import Step
from lsl_trainer.networks.any_size import AnySize
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["Learner"]

_NAMED_IMAGES = 8


class Learner:
    """A network that learns a step; `done` epochs lie behind it."""

    def __init__(self, network: Network, step: Step, config: TrainConfig, fabric: Fabric | None = None) -> None:
        self.network, self.step, self.config, self.done = network, step, config, 0
        self._any_size = AnySize(network, step.image_size) if step.half_size_epochs else network
        self._learnt = Learnt() if step.until_learnt else None
        self._descent, self._fabric = config.descent, fabric or one_process()
        wrapped = self._fabric.setup_optimizers(new_optimizer(network, self._descent))
        self._optimizer = cast(torch.optim.Optimizer, wrapped)
        self._average = WeightAverage(network, self._descent.average) if self._descent.average else None
        self._best = BestWeights(network) if step.loss_aside else None

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or the last ones had nothing left to learn, or were no better on those aside."""
        if self._learnt and self._learnt.is_all:
            return True
        return self.done >= self.step.epochs or bool(self._best and self._best.since >= self.config.epochs.patience)

    def epochs(self, on_images: Callable[[int], None]) -> Iterator[Epoch]:
        """Trains in place and yields each epoch as it ends. Raises TrainingError for a loss that is not finite."""
        while not self.finished:
            epoch = self._epoch(self.done + 1, on_images)
            self.done += 1
            if self._learnt:
                self._learnt.take(epoch)
            if self._best and self.step.loss_aside:
                aside = self.step.loss_aside(self.network)
                self._best.take(self.network, aside)
                epoch = replace(epoch, loss_aside=aside)
            if self.finished:
                self._give_chosen_weights()
                if self.step.finish:
                    self.step.finish(self.network)
            yield epoch

    def state(self) -> dict[str, Tensor]:
        """All tensors beside the weights: the optimizer's by the parameter's number, the average, the loss's memory."""
        optimizer = self._optimizer.state_dict()["state"]
        state = {f"{number}.{name}": value for number, values in optimizer.items() for name, value in values.items()}
        for prefix, kept in self._kept().items():
            state |= {f"{prefix}.{name}": value for name, value in kept.state().items()}
        if self._learnt:
            state["learnt.epochs"] = torch.tensor(self._learnt.epochs)
        return state | {f"memory.{name}": value for name, value in self.step.memory.items()}

    def restore(self, state: Mapping[str, Tensor], done: int) -> None:
        """Goes on after `done` epochs with what `state` gave then; the network's weights are the caller's."""
        for prefix, kept in self._kept().items():
            kept.restore(_below(prefix, state))
        if self._learnt:
            self._learnt.epochs = int(state.get("learnt.epochs", torch.tensor(0)))
        for name, value in _below("memory", state).items():
            self.step.memory[name].copy_(value)
        whole: dict[str, Any] = {**self._optimizer.state_dict(), "state": _by_parameter(state)}
        self._optimizer.load_state_dict(whole)
        self.done = done

    def _kept(self) -> dict[str, WeightAverage | BestWeights]:
        """What is kept beside the weights, by the prefix that checkpoints have for it."""
        kept = {"average": self._average, "best": self._best}
        return {prefix: weights for prefix, weights in kept.items() if weights}

    def _give_chosen_weights(self) -> None:
        """At the end: the averaged weights, or those that were best on the images kept aside."""
        for chosen in self._kept().values():
            chosen.give_to(self.network)

    def _epoch(self, number: int, on_images: Callable[[int], None]) -> Epoch:
        """One pass over the images of the step."""
        batches = EpochBatches(self.step, number, self.config, self._fabric, self.network.mean.device)
        network = self._any_size if number <= self.step.half_size_epochs else self.network
        before, loss, right, known = (number - 1) * len(batches), 0.0, 0.0, 0
        self.network.train()
        for place, own in enumerate(ahead(batches)):
            set_rate(self._optimizer, self._rate(before + place, len(batches)))
            mean, logits = self._descend(network, own, number)
            loss += mean * own.counted
            right += int((logits.argmax(1) == own.batch.labels)[: own.counted].sum())
            known += own.known
            on_images(own.images)
        average_buffers(self.network, self._fabric)
        loss, right = summed((loss, right), self._fabric)
        accuracy = right / known if known else None
        return Epoch(self.step.name, number, loss / batches.images, accuracy, self._rate(before, len(batches)))

    def _descend(self, network: Network, own: OwnBatch, number: int) -> tuple[float, Tensor]:
        """Moves the weights against the gradient of a batch; gives its mean loss, and its logits (B, K)."""
        with self._fabric.autocast():
            loss, logits = self.step.loss(network, own.batch)
        self._check(loss, number, own)
        self._optimizer.zero_grad()
        self._fabric.backward(loss * own.weight)
        average_gradients(self.network, self._fabric)
        if self._descent.clip_norm:
            self._fabric.clip_gradients(self.network, self._optimizer, max_norm=self._descent.clip_norm)
        self._optimizer.step()
        if self._average:
            self._average.update()
        return loss.item(), logits

    def _rate(self, done: int, batches: int) -> float:
        """The learning rate after so many batches of the step; an epoch has `batches` of them."""
        return scheduled_rate(self.step.learning_rate, done, self.step.epochs * batches, self._descent)

    def _check(self, loss: Tensor, number: int, own: OwnBatch) -> None:
        if not torch.isfinite(loss):
            ids = self.step.data.ids[own.batch.positions.numpy()]
            listed = ", ".join(ids[:_NAMED_IMAGES]) + (" …" if len(ids) > _NAMED_IMAGES else "")
            raise TrainingError(
                f"the loss of step {self.step.name}, epoch {number} is not finite, in the batch of {listed}; "
                "look at these images, or lower --learning-rate"
            )


def _by_parameter(state: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """The optimizer's tensors in a state, by the parameter's number and their name."""
    nested: dict[int, dict[str, Tensor]] = {}
    for key, value in state.items():
        number, _, name = key.partition(".")
        if number.isdecimal():
            nested.setdefault(int(number), {})[name] = value
    return nested


def _below(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}."): value for name, value in state.items() if name.startswith(f"{prefix}.")}
