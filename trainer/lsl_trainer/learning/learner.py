"""Learning one task: epochs of gradient descent over images held in memory.

All chance in an epoch comes from generators that are made anew from the seed, the step and the epoch's number. So the
weights and the optimizer's tensors after an epoch are all that is needed to go on from there, to the same end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from lsl_shared.errors import TrainingError
from lsl_trainer.data.augment import DRAWS, augmented, strongly_augmented
from lsl_trainer.data.batch import Batch, Labelled, to_tensor
from lsl_trainer.data.sampling import every_image
from lsl_trainer.learning.averaging import WeightAverage
from lsl_trainer.learning.best_weights import BestWeights
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.processes import average_buffers, average_gradients, one_process, own_share
from lsl_trainer.learning.steps.step import Step
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.groups import Descent

__all__ = ["Learner"]

_WARM_UP = 0.05
_NAMED_IMAGES = 8


class Learner:
    """A network that learns a step; `done` epochs lie behind it."""

    def __init__(self, network: Network, step: Step, config: TrainConfig, fabric: Fabric | None = None) -> None:
        self.network, self.step, self.config, self.done = network, step, config, 0
        self._fabric = fabric or one_process()
        optimizer = self._fabric.setup_optimizers(_optimizer(network, config.descent))
        assert not isinstance(optimizer, tuple)
        self._optimizer = optimizer
        self._average = WeightAverage(network, config.descent.average) if config.descent.average else None
        self._best = BestWeights(network) if step.loss_aside else None

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or the last ones were no better on the images kept aside."""
        return self.done >= self.step.epochs or bool(self._best and self._best.since >= self.config.epochs.patience)

    def epochs(self, on_images: Callable[[int], None]) -> Iterator[Epoch]:
        """Trains in place and yields each epoch as it ends. Raises TrainingError for a loss that is not finite."""
        while not self.finished:
            epoch = self._epoch(self.done + 1, on_images)
            self.done += 1
            if self._best and self.step.loss_aside:
                aside = self.step.loss_aside(self.network)
                self._best.take(self.network, aside)
                epoch = replace(epoch, loss_aside=aside)
            if self.finished:
                self._give_chosen_weights()
            yield epoch

    def _give_chosen_weights(self) -> None:
        """At the end: the averaged weights, or those that were best on the images kept aside."""
        for chosen in (self._average, self._best):
            if chosen:
                chosen.give_to(self.network)

    def state(self) -> dict[str, Tensor]:
        """All tensors beside the weights: the optimizer's by the parameter's number, the average, the loss's memory."""
        optimizer = self._described()["state"]
        state = {f"{number}.{name}": value for number, values in optimizer.items() for name, value in values.items()}
        for prefix, kept in (("average", self._average), ("best", self._best)):
            state |= {f"{prefix}.{name}": value for name, value in (kept.state() if kept else {}).items()}
        return state | {f"memory.{name}": value for name, value in self.step.memory.items()}

    def restore(self, state: dict[str, Tensor], done: int) -> None:
        """Goes on after `done` epochs with what `state` gave then; the network's weights are the caller's."""
        nested: dict[int, dict[str, Tensor]] = {}
        for key, value in _without(("average", "best", "memory"), state).items():
            number, name = key.split(".", 1)
            nested.setdefault(int(number), {})[name] = value
        if self._average:
            self._average.restore(_below("average", state))
        if self._best:
            self._best.restore(_below("best", state))
        for name, value in _below("memory", state).items():
            self.step.memory[name].copy_(value)
        whole: dict[str, Any] = {**self._described(), "state": nested}
        self._optimizer.load_state_dict(whole)
        self.done = done

    def _described(self) -> dict[str, Any]:
        return cast(dict[str, Any], self._optimizer.state_dict())

    def _epoch(self, number: int, on_images: Callable[[int], None]) -> Epoch:
        data, config, step = self.data, self.config, self.step
        chance = np.random.default_rng([config.seed, step.seed, number])
        draws = torch.Generator().manual_seed(int(chance.integers(2**62)))
        device = self.network.mean.device
        batches = (step.sampler or every_image(len(data), config.descent.batch_size))(chance)
        rate, total, right, known = self._rate(number, 0, len(batches)), 0.0, 0.0, 0
        self.network.train()
        for place, whole in enumerate(batches):
            changes = chance.uniform(-1, 1, (len(whole), DRAWS))
            share, weight = own_share(whole, self._fabric)
            positions = whole[share]
            pixels = augmented(data.images[data.rows[positions]], config.augmentation, changes[share], flip=step.flip)
            strong = self._strong(positions, chance.uniform(-1, 1, (len(whole), DRAWS))[share]) if step.strong else None
            labels = torch.from_numpy(data.labels[positions]).to(device)
            others = {name: torch.from_numpy(found[positions]).to(device) for name, found in data.others.items()}
            batch = Batch(to_tensor(pixels, device), labels, others, torch.from_numpy(positions), draws, strong)
            with self._fabric.autocast():
                loss, logits = step.loss(self.network, batch)
            self._check(loss, number, positions)
            for group in self._optimizer.param_groups:
                group["lr"] = self._rate(number, place, len(batches)) * group["rate_scale"]
            self._optimizer.zero_grad()
            self._fabric.backward(loss * weight if self._fabric.world_size > 1 else loss)
            average_gradients(self.network, self._fabric)
            if config.descent.clip_norm:
                self._fabric.clip_gradients(self.network, self._optimizer, max_norm=config.descent.clip_norm)
            self._optimizer.step()
            if self._average:
                self._average.update()
            counted = len(positions) if weight else 0
            total += loss.item() * counted
            right += int((logits.argmax(1) == labels)[:counted].sum())
            known += int((data.labels[whole] >= 0).sum())
            on_images(len(whole))
        average_buffers(self.network, self._fabric)
        total, right = self._summed(total, right)
        return Epoch(step.name, number, total / sum(map(len, batches)), right / known if known else None, rate)

    def _strong(self, positions: NDArray[np.int64], draws: NDArray[np.float64]) -> Tensor:
        images = self.data.images[self.data.rows[positions]]
        pixels = strongly_augmented(images, self.config.augmentation, draws, flip=self.step.flip)
        return to_tensor(pixels, self.network.mean.device)

    def _summed(self, *values: float) -> list[float]:
        """Each value summed over the processes."""
        summed = self._fabric.all_reduce(torch.tensor(values, dtype=torch.float64), reduce_op="sum")
        assert isinstance(summed, Tensor)
        return summed.tolist()

    @property
    def data(self) -> Labelled:
        """What it learns from."""
        return self.step.data

    def _rate(self, number: int, batch: int, batches: int) -> float:
        """The learning rate of a batch, both counted in the whole step."""
        done, whole = (number - 1) * batches + batch, self.step.epochs * batches
        descent = self.config.descent
        if descent.schedule == "steps":
            return self.step.learning_rate * 0.1 ** sum(done >= share * whole for share in descent.milestones)
        warm_up = max(1, round(_WARM_UP * whole))
        return self.step.learning_rate * min((done + 1) / warm_up, 0.5 * (1 + math.cos(math.pi * done / whole)))

    def _check(self, loss: Tensor, number: int, positions: NDArray[np.int64]) -> None:
        if not torch.isfinite(loss):
            ids = self.data.ids[positions]
            listed = ", ".join(ids[:_NAMED_IMAGES]) + (" …" if len(ids) > _NAMED_IMAGES else "")
            raise TrainingError(
                f"the loss of step {self.step.name}, epoch {number} is not finite, in the batch of {listed}; "
                "look at these images, or lower --learning-rate"
            )


def _optimizer(network: Network, descent: Descent) -> torch.optim.Optimizer:
    """The learning rate is set before every step."""
    groups = _parameter_groups(network)
    if descent.optimizer == "adamw":
        return torch.optim.AdamW(groups, weight_decay=descent.weight_decay)
    nesterov = descent.optimizer == "nesterov"
    return torch.optim.SGD(groups, momentum=descent.momentum, weight_decay=descent.weight_decay, nesterov=nesterov)


def _parameter_groups(network: Network) -> list[dict[str, Any]]:
    """The parameters that learn, in groups that share a factor of the learning rate, `rate_scale`."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(network.rate_scales.get(name, 1.0), []).append(parameter)
    return [{"params": parameters, "rate_scale": scale} for scale, parameters in groups.items()]


def _below(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}."): value for name, value in state.items() if name.startswith(f"{prefix}.")}


def _without(prefixes: tuple[str, ...], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if name.split(".")[0] not in prefixes}
