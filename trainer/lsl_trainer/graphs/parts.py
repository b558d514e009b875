"""What the graphs of a bundle compute, as one traced graph of pieces: the gradient is traced once for all of them.

The pieces meet at names. `PIXELS` and `WEIGHTS` are inputs of the traced graph; each graph that is cut out of it gets
them from a piece of its own:

    image   → pixels of bytes  ┐            logits → weights of a class        ┐
    picture → pixels of floats ┘ → pixels                    … against another ┘ → weights → saliency, contributions
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, fx, nn

from lsl_shared import Manifest, Task
from lsl_shared.errors import ExportError
from lsl_trainer.graphs.cutting import Cut
from lsl_trainer.graphs.folding import folded
from lsl_trainer.graphs.gradients import chosen_class, differentiated, one_hot

__all__ = ["Parts", "cuts", "trace_parts"]

_PIXELS, _WEIGHTS = "pixels", "weights"
_OF_BYTES, _OF_FLOATS = "pixels_of_bytes", "pixels_of_floats"
_OF_CLASS, _OF_DIFFERENCE = "weights_of_class", "weights_of_difference"
_ALL = "all_logits"
_UNIT = 255.0
"""Pixels reach the network in 0..255, and gradients are by pixels in 0..1."""
Named = dict[str, Tensor]


@dataclass(frozen=True)
class Parts:
    """A traced graph, and the names of its inputs and outputs in order."""

    graph: fx.GraphModule
    inputs: list[str]
    outputs: list[str]


def trace_parts(
    network: nn.Module, manifest: Manifest, further: Mapping[str, nn.Module] = MappingProxyType({}), *, gradient: bool
) -> Parts:
    """The answers of a network and, with `gradient`, what its saliency and contributions graphs need, too.

    `further` are modules that answer from the features, by the name of the output.

    Raises ExportError where the network has other than the manifest's classes, or an operator has no known gradient.
    """
    core = folded(network, manifest.image_size)
    classes = sum(len(task.classes) for task in manifest.tasks)
    _check_classes(core, classes)
    examples, names = _examples(manifest.image_size, classes), list[str]()
    pieces = _Pieces(core, manifest, further)

    def function(*values: Tensor) -> list[Tensor]:
        given = dict(zip(examples, values, strict=True))
        found = pieces.explained(given) if gradient else pieces.answered(given)
        names[:] = list(found)
        return list(found.values())

    graph = differentiated(function, tuple(examples.values()), network)
    return Parts(graph, list(examples), names)


def cuts(manifest: Manifest, further: Iterable[str]) -> dict[str, Cut]:
    """How the graphs `classifier`, `saliency` and `contributions` are cut out of the parts."""
    suffixes = ["", *(f"_{task.name}" for task in manifest.tasks[1:])]  # the first task has the bare names
    answers = [f"{name}{suffix}" for suffix in suffixes for name in ("logits", "probabilities")]
    answers += ["features", *further]
    asked = {"image": "picture", "direction": "direction", "class_index": "class_index"}
    of_class = {_PIXELS: _OF_BYTES, _WEIGHTS: _OF_CLASS}
    return {
        "classifier": Cut({"image": "image"}, {name: name for name in answers}, {_PIXELS: _OF_BYTES}),
        "saliency": Cut(
            {"image": "image", "class_index": "class_index"}, {name: name for name in ("saliency", *answers)}, of_class
        ),
        "contributions": Cut(
            {**asked, "against_index": "against_index"},
            {"contributions": "contributions", "logits": _ALL},
            {_PIXELS: _OF_FLOATS, _WEIGHTS: _OF_DIFFERENCE},
        ),
    }


class _Pieces:
    """Named inputs in, named outputs out. A piece that others meet by name comes before those that read it."""

    def __init__(self, core: fx.GraphModule, manifest: Manifest, further: Mapping[str, nn.Module]) -> None:
        """`core`: images float32 (B, 3, H, W) in 0..255 → logits (B, K), features (B, D)."""
        self.core, self.tasks = core, manifest.tasks
        self.further = {name: module.eval().requires_grad_(False) for name, module in further.items()}

    def answered(self, given: Named) -> Named:
        """Pixels of bytes, and the answers to all tasks."""
        pixels = {_OF_BYTES: _channels_first(given["image"]).to(torch.float32)}
        return pixels | self._answers(*self.core(given[_PIXELS]))

    def explained(self, given: Named) -> Named:
        """All pieces: answers, saliency and contributions."""
        ways = {
            _OF_BYTES: _channels_first(given["image"]).to(torch.float32),
            _OF_FLOATS: _channels_first(given["picture"]),
        }
        with torch.enable_grad():
            pixels = given[_PIXELS].detach().requires_grad_()
            logits, features = self.core(pixels)
            weights = self._weights(logits.detach(), given)
            (gradient,) = torch.autograd.grad(logits, pixels, given[_WEIGHTS])
        logits, features = logits.detach(), features.detach()
        along = (gradient * _channels_first(given["direction"])).sum(1)
        maps = {"saliency": gradient.abs().amax(1), "contributions": along}
        return {**ways, **weights, **self._answers(logits, features), **maps, _ALL: logits}

    def _weights(self, logits: Tensor, given: Named) -> Named:
        """Of each logit in what is differentiated."""
        chosen = chosen_class(logits, given["class_index"], len(self.tasks[0].classes))
        against = one_hot(logits, given["against_index"])
        return {_OF_CLASS: _UNIT * chosen, _OF_DIFFERENCE: _UNIT * (chosen - against)}

    def _answers(self, logits: Tensor, features: Tensor) -> Named:
        """The logits (B, K) of each task, its probabilities at the calibrated temperature, and the features."""
        counts = [len(task.classes) for task in self.tasks]
        parts = logits.split(counts, dim=1) if len(counts) > 1 else (logits,)
        found = Named()
        for number, (task, part) in enumerate(zip(self.tasks, parts, strict=True)):
            suffix = f"_{task.name}" if number else ""
            found |= {f"logits{suffix}": part, f"probabilities{suffix}": _probabilities(part, task)}
        return found | {"features": features} | {name: module(features) for name, module in self.further.items()}


def _probabilities(logits: Tensor, task: Task) -> Tensor:
    scaled = logits / task.temperature
    return scaled.softmax(1) if task.kind == "class" else scaled.sigmoid()


def _examples(image_size: tuple[int, int], classes: int) -> Named:
    """An example of each input of the traced graph."""
    pictures, index = torch.zeros(2, *image_size, 3), torch.full((2,), -1)
    return {
        "image": pictures.to(torch.uint8),
        "picture": pictures,
        "direction": pictures.clone(),
        "class_index": index,
        "against_index": index.clone(),
        _PIXELS: torch.zeros(2, 3, *image_size),
        _WEIGHTS: torch.zeros(2, classes),
    }


def _channels_first(pictures: Tensor) -> Tensor:
    """(B, H, W, 3) → (B, 3, H, W)."""
    return pictures.permute(0, 3, 1, 2).contiguous()


def _check_classes(core: fx.GraphModule, classes: int) -> None:
    logits = core.graph.output_node().args[0][0]  # type: ignore[index]
    outputs = logits.meta["val"].shape[1]  # type: ignore[union-attr]
    if outputs != classes:
        raise ExportError(
            f"the network has {outputs} outputs, but the manifest's tasks have {classes} classes together"
        )
