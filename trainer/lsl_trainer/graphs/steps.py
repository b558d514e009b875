"""Step functions: where a bounded activation lets the gradient through. As operators of our own they stay products.

A product keeps ONNX Runtime's blocked layout of images, which comparing and selecting leave.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lsl_trainer.graphs.phases import operator

__all__ = ["BELOW", "GATES", "below"]

aten = torch.ops.aten


@operator("Tensor x, float limit", lambda x, limit: torch.empty_like(x))
def below(x: Tensor, limit: float) -> Tensor:
    """1 where x < limit, else 0."""
    return (x < limit).to(x.dtype)


def _hardtanh_backward(grad: Tensor, x: Tensor, low: float, high: float) -> Tensor:
    """Zero where x lies at a bound or beyond; told from the result, which the convolution before it gives bounded."""
    if low != 0 or high <= 0:
        return torch.where((x <= low) | (x >= high), 0.0, grad)
    result = aten.hardtanh.default(x, low, high)
    return grad * below(result, high) * torch.heaviside(result, result.new_zeros(()))


BELOW = torch.ops.lsl.below.default
"""As it stands in a traced graph."""
GATES = {aten.hardtanh_backward.default: _hardtanh_backward}
"""The gradients of bounded activations, such as ReLU6."""
