"""What both graphs of a bundle compute: images as they are stored go in, the answers to all tasks come out."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, fx, nn

from lsl_shared import Manifest, Task
from lsl_shared.measures.age import AGE_DENSITY

__all__ = ["AnswerGraph"]


class AnswerGraph(nn.Module):
    """A flat network between its inputs and outputs, which have names; `inputs` holds an example of each input."""

    def __init__(
        self,
        core: fx.GraphModule,
        manifest: Manifest,
        scope: nn.Module | None,
        time: nn.Module | None = None,
        *,
        saliency: bool = False,
    ) -> None:
        """`core`: images float32 (B, 3, H, W) in 0..255 → logits (B, K), features (B, D).

        With `saliency` it takes a class_index int64 (B,), too, and puts out a saliency map (B, H, W) as well.
        """
        super().__init__()
        self.core, self.scope, self.time, self.tasks = core, scope, time, manifest.tasks
        image, class_index = torch.zeros(2, *manifest.image_size, 3, dtype=torch.uint8), torch.full((2,), -1)
        self.inputs = {"image": image, "class_index": class_index} if saliency else {"image": image}
        suffixes = ["", *(f"_{task.name}" for task in self.tasks[1:])]  # the first task has the bare names
        answers = [f"{name}{suffix}" for suffix in suffixes for name in ("logits", "probabilities")]
        self.outputs = [
            *(["saliency"] if saliency else []), *answers, "features", *(["scope_distance"] if scope else []),
            *([AGE_DENSITY] if time else []),
        ]  # fmt: skip
        self.eval().requires_grad_(False)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        image, *class_index = inputs
        logits, features, *saliency = self.core(_pixels(image), *class_index)
        distance = [] if self.scope is None else [self.scope(features)]
        density = [] if self.time is None else [self.time(features)]
        return (*saliency, *_answers(logits, self.tasks), features, *distance, *density)


def _pixels(image: Tensor) -> Tensor:
    """uint8 (B, H, W, 3) → float32 (B, 3, H, W) in 0..255."""
    return image.permute(0, 3, 1, 2).contiguous().to(torch.float32)


def _answers(logits: Tensor, tasks: tuple[Task, ...]) -> Iterator[Tensor]:
    """The logits (B, K) of each task, then its probabilities at the calibrated temperature."""
    parts = logits.split([len(task.classes) for task in tasks], dim=1)
    for task, part in zip(tasks, parts, strict=True):
        yield part
        scaled = part / task.temperature
        yield scaled.softmax(1) if task.kind == "class" else scaled.sigmoid()
