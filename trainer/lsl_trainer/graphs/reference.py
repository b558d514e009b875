"""The network's own answers, against which exported graphs are judged: exact ones, and ones that rounding has moved."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lsl_trainer.graphs.gradients import contributions_of, saliency_of

__all__ = ["Answers", "Question", "Reference", "question_of"]

Answers = dict[str, NDArray[np.floating]]
"""Of N images: logits (N, K) of all tasks, features (N, D), saliency and, where asked, contributions (N, H, W)."""
_AUTOGRAD_BATCH = 4


@dataclass(frozen=True)
class Question:
    """What the contributions graph is asked of N images: any direction, float32 (N, H, W, 3), and the class against."""

    direction: NDArray[np.float32]
    against: NDArray[np.int64]
    """(N,), -1 for none."""


def question_of(images: NDArray[np.uint8], logits: NDArray[np.floating]) -> Question:
    """Random signs of every size; every second image is asked of its first class against its second."""
    direction = np.random.default_rng(0).standard_normal(images.shape, dtype=np.float32)
    runner_up = np.argsort(logits, axis=1)[:, -2] if logits.shape[1] > 1 else np.full(len(images), -1)
    return Question(direction, np.where(np.arange(len(images)) % 2 == 0, runner_up, -1))


class Reference:
    """The network's own answers for images and classes, from PyTorch on the processor."""

    def __init__(
        self, network: nn.Module, images: NDArray[np.uint8], index: NDArray[np.int64], n_first: int,
        question: Question | None = None,
    ) -> None:  # fmt: skip
        self.network = deepcopy(network).cpu().eval().requires_grad_(False)
        self.images, self.index, self.n_first, self.question = images, index, n_first, question

    def answers(self, dtype: torch.dtype, nudge: int | None = None) -> Answers:
        """In that precision. `nudge` is a seed: with it, each pixel and weight moves to the next number, at random."""
        network = self.network.to(dtype)
        pixels = torch.from_numpy(self.images).permute(0, 3, 1, 2).contiguous().to(dtype) / 255
        if nudge is not None:
            generator = torch.Generator().manual_seed(nudge)
            pixels, network = _nudged(pixels, generator), _nudged_network(network, generator)
        parts = list(
            zip(pixels.split(_AUTOGRAD_BATCH), torch.from_numpy(self.index).split(_AUTOGRAD_BATCH), strict=True)
        )
        answers = [saliency_of(network, part, index, self.n_first) for part, index in parts]
        names = ("logits", "features", "saliency")
        whole = {
            name: torch.cat(output).numpy() for name, output in zip(names, zip(*answers, strict=True), strict=True)
        }
        if self.question is not None:
            whole["contributions"] = self._contributions(network, parts, self.question)
        self.network.to(torch.float32)
        return whole

    def _contributions(
        self, network: nn.Module, parts: Sequence[tuple[torch.Tensor, torch.Tensor]], question: Question
    ) -> NDArray[np.floating]:
        directions = (
            torch.from_numpy(question.direction).permute(0, 3, 1, 2).to(parts[0][0].dtype).split(_AUTOGRAD_BATCH)
        )
        against = torch.from_numpy(question.against).split(_AUTOGRAD_BATCH)
        answers = [
            contributions_of(network, part, direction, (index, other), self.n_first)[1]
            for (part, index), direction, other in zip(parts, directions, against, strict=True)
        ]
        return np.asarray(torch.cat(answers).numpy())


def _nudged(numbers: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each of them one unit in the last place higher or lower; 0 stays, for what is masked or padded is exact."""
    up = torch.rand(numbers.shape, generator=generator) < 0.5
    moved = numbers.nextafter(torch.where(up, torch.inf, -torch.inf).to(numbers.dtype))
    return torch.where(numbers == 0, numbers, moved)


def _nudged_network(network: nn.Module, generator: torch.Generator) -> nn.Module:
    """A copy whose parameters and buffers, where they are floating, are nudged."""
    moved = deepcopy(network)
    for values in (*moved.parameters(), *moved.buffers()):
        if values.is_floating_point():
            values.copy_(_nudged(values, generator))
    return moved
