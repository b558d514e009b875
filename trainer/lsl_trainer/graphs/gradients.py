"""The exact gradient of a logit by the pixels as a flat graph of forward operators (eq. 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch._decomp import decomposition_table

from lsl_trainer.graphs.convolution import input_gradient
from lsl_trainer.graphs.folding import folded
from lsl_trainer.graphs.merging import merge_phases
from lsl_trainer.graphs.operators import unsupported
from lsl_trainer.graphs.pooling import POOLING_GRADIENTS, POOLING_RULES
from lsl_trainer.graphs.tracing import trace

__all__ = ["saliency_graph", "saliency_of"]

aten = torch.ops.aten
Classifier = Callable[[Tensor], tuple[Tensor, Tensor]]


def saliency_of(
    network: Classifier, images: Tensor, class_index: Tensor, n_first: int, unit: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """Eq. 8 by autograd, reduced over channels by max |·| (Simonyan et al.).

    images floating (B, 3, H, W) in 0..`unit`; class_index int64 (B,) over the logits, -1 = the largest of the first
    `n_first` → logits (B, K), features (B, D), saliency (B, H, W), the gradient by images / unit.
    """
    with torch.enable_grad():
        images = images.detach().requires_grad_()
        logits, features = network(images)
        predicted = logits[:, :n_first].argmax(1)
        wanted = torch.where(class_index < 0, predicted, class_index)
        chosen = torch.arange(logits.shape[1], device=logits.device)[None] == wanted[:, None]
        (gradient,) = torch.autograd.grad(logits, images, unit * chosen.to(logits.dtype))
    return logits.detach(), features.detach(), gradient.abs().amax(1)


def saliency_graph(network: nn.Module, image_size: tuple[int, int], n_first: int) -> fx.GraphModule:
    """`saliency_of` as a graph of forward operators: images float32 (B, 3, H, W) in 0..255, class_index int64 (B,).

    The saliency is the gradient by images in 0..1. B is free.

    Raises ExportError that names an operator without a known gradient, and the module that uses it.
    """
    core = folded(network, image_size)
    examples = torch.zeros(2, 3, *image_size), torch.full((2,), -1)
    traced = trace(lambda images, index: saliency_of(core, images, index, n_first, 255.0), examples, GRADIENT_RULES)
    for node in traced.graph.nodes:
        if "backward" in str(node.target):
            raise unsupported(str(node.target), network, image_size)
    merge_phases(traced)
    return traced


def _convolution_backward(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    bias_sizes: Sequence[int] | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
    wanted: Sequence[bool],
) -> tuple[Tensor, None, None]:
    if transposed:
        return aten.convolution(grad, weight, None, stride, padding, dilation, False, [0, 0], groups), None, None
    return input_gradient(grad, weight, x.shape[2:], stride, padding, dilation, groups), None, None


def _relu_backward(grad: Tensor, result: Tensor, threshold: float) -> Tensor:
    """A product with a step function: ONNX Runtime multiplies faster than it compares and selects."""
    if threshold != 0:
        return torch.where(result <= threshold, 0.0, grad)
    return grad * torch.heaviside(result, result.new_zeros(()))


GRADIENT_RULES: dict[Any, Callable[..., Any]] = {
    **{operator: rule for operator, rule in decomposition_table.items() if "backward" in str(operator)},
    **POOLING_RULES,
    **POOLING_GRADIENTS,
    aten.convolution_backward.default: _convolution_backward,
    aten.threshold_backward.default: _relu_backward,
}
