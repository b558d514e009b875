"""The exact gradient of a logit by the pixels (equation 8), or of two logits' difference, as flat forward graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, fx, nn

from lsl_trainer.graphs.convolution import Convolution, input_gradient
from lsl_trainer.graphs.cropping import crop_early
from lsl_trainer.graphs.merging import merge_phases
from lsl_trainer.graphs.pooling import POOLING_GRADIENTS, POOLING_RULES
from lsl_trainer.graphs.registry import registry
from lsl_trainer.graphs.steps import GATES
from lsl_trainer.graphs.torch_internals import (
    DECOMPOSITIONS,
    OpOverload,
    create_onnx_friendly_decomposition_table,
    get_onnx_implemented_overloads,
)
from lsl_trainer.graphs.tracing import trace
from lsl_trainer.graphs.unsupported import unsupported

__all__ = ["chosen_class", "contributions_of", "differentiated", "one_hot", "saliency_of"]

aten = torch.ops.aten
Classifier = Callable[[Tensor], tuple[Tensor, Tensor]]


def saliency_of(
    network: Classifier, images: Tensor, class_index: Tensor, n_first: int, unit: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """The saliency map of each image by autograd: equation 8, then the largest |gradient| of the three channels.

    `images` are floating (B, 3, H, W) in 0..`unit`. `class_index` is int64 (B,) over all logits; -1 asks for the
    largest of the first `n_first`. Returns logits (B, K), features (B, D) and saliency (B, H, W), which is the gradient
    by images / unit.
    """
    with torch.enable_grad():
        images = images.detach().requires_grad_()
        logits, features = network(images)
        (gradient,) = torch.autograd.grad(logits, images, unit * chosen_class(logits, class_index, n_first))
    return logits.detach(), features.detach(), gradient.abs().amax(1)


def contributions_of(
    network: Classifier,
    images: Tensor,
    direction: Tensor,
    indices: tuple[Tensor, Tensor],
    n_first: int,
    unit: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """How much logit(class) − logit(against) grows along a direction, pixel by pixel, by autograd in one backward pass.

    `images` are floating (B, 3, H, W) in 0..`unit`, `direction` (B, 3, H, W) is in units of 0..1 pixels. `indices` hold
    the class and the one against it, int64 (B,) each, over all logits; a class of -1 asks for the largest of the first
    `n_first`, -1 against it for none. Returns logits (B, K) and Σ over channels of gradient · direction (B, H, W).
    """
    class_index, against = indices
    with torch.enable_grad():
        images = images.detach().requires_grad_()
        logits, _ = network(images)
        weights = unit * (chosen_class(logits, class_index, n_first) - one_hot(logits, against))
        (gradient,) = torch.autograd.grad(logits, images, weights)
    return logits.detach(), (gradient * direction).sum(1)


def chosen_class(logits: Tensor, class_index: Tensor, n_first: int) -> Tensor:
    """(B, K): 1 at the class asked for, at the largest of the first `n_first` logits where that is -1."""
    predicted = logits[:, :n_first].argmax(1)
    return one_hot(logits, torch.where(class_index < 0, predicted, class_index))


def one_hot(logits: Tensor, index: Tensor) -> Tensor:
    """(B, K): 1 at the index (B,), nowhere where that is -1."""
    return (torch.arange(logits.shape[1], device=logits.device)[None] == index[:, None]).to(logits.dtype)


def differentiated(
    function: Callable[..., Sequence[Tensor]], examples: tuple[Tensor, ...], network: nn.Module
) -> fx.GraphModule:
    """The trace of a function that may take a gradient, in forward operators that ONNX has. Any batch will do.

    Its first example holds images (2, H, W, 3) for `network`. An ExportError names an operator without a known
    gradient, and the module that uses it.
    """
    rules = {**_onnx_rules(), **GRADIENT_RULES}
    traced = trace(function, examples, rules)
    if any(_writes(node) for node in traced.graph.nodes):
        traced = trace(torch.func.functionalize(traced, remove="mutations"), examples, rules)
    for node in traced.graph.nodes:
        if "backward" in str(node.target):
            _, height, width, _ = examples[0].shape
            raise unsupported(str(node.target), network, (height, width))
    crop_early(traced)
    merge_phases(traced)
    return traced


def _writes(node: fx.Node) -> bool:
    """Whether it changes a tensor that is there, which no graph can."""
    return isinstance(node.target, OpOverload) and any(
        argument.alias_info is not None and argument.alias_info.is_write for argument in node.target._schema.arguments
    )


@cache
def _onnx_rules() -> dict[Any, Callable[..., Any]]:
    """Operators without a form in ONNX, in terms of others."""
    return create_onnx_friendly_decomposition_table({*get_onnx_implemented_overloads(registry())})


class _ConvolutionBackward(NamedTuple):
    """The arguments of aten.convolution_backward, in the operator's own order."""

    grad: Tensor
    x: Tensor
    weight: Tensor
    bias_sizes: Sequence[int] | None
    stride: Sequence[int]
    padding: Sequence[int]
    dilation: Sequence[int]
    transposed: bool
    output_padding: Sequence[int]
    groups: int
    wanted: Sequence[bool]

    def input_gradient(self) -> Tensor:
        stride, padding, dilation = ([*side, *side][-2:] for side in (self.stride, self.padding, self.dilation))
        settings = Convolution(stride, padding, dilation, self.groups)  # "valid" padding comes as one number
        if self.transposed:
            return _forward(self.grad, self.weight, settings)
        return input_gradient(self.grad, self.weight, self.x.shape[2:], settings)


def _convolution_backward(*arguments: Any) -> tuple[Tensor, None, None]:
    """The gradients of input, weight and bias. The last two are constants of the graph and have none."""
    return _ConvolutionBackward(*arguments).input_gradient(), None, None


def _forward(x: Tensor, weight: Tensor, settings: Convolution) -> Tensor:
    stride, padding, dilation, groups = settings
    return cast(Tensor, aten.convolution(x, weight, None, stride, padding, dilation, False, [0, 0], groups))


def _relu_backward(grad: Tensor, result: Tensor, threshold: float) -> Tensor:
    """The product with a step function: ONNX Runtime multiplies faster than it compares and selects."""
    if threshold != 0:
        return torch.where(result <= threshold, 0.0, grad)
    return grad * torch.heaviside(result, result.new_zeros(()))


GRADIENT_RULES: dict[Any, Callable[..., Any]] = {
    **{operator: rule for operator, rule in DECOMPOSITIONS.items() if "backward" in str(operator)},
    **POOLING_RULES,
    **POOLING_GRADIENTS,
    **GATES,
    aten.convolution_backward.default: _convolution_backward,
    aten.threshold_backward.default: _relu_backward,
}
