from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from lsl_trainer.graphs.convolution import Convolution, input_gradient
from lsl_trainer.graphs.cropping import crop_early
from lsl_trainer.graphs.tracing import trace

PAD = torch.ops.aten.constant_pad_nd.default


def cropped(function: Callable[[Tensor], Tensor], grad: Tensor) -> list[Any]:
    """The operators left after cropping; what they compute is what was computed before."""
    traced = trace(function, (grad,), {})
    before = deepcopy(traced)
    crop_early(traced)
    torch.testing.assert_close(traced(grad), before(grad), rtol=0, atol=0)
    assert traced(grad).shape == before(grad).shape
    return [node.target for node in traced.graph.nodes if node.op == "call_function"]


Cut = tuple[int, int, int, int]
NOT_COMPUTED: list[tuple[int, int, Cut, int]] = [
    (3, 1, (1, 1, 1, 1), 32), (5, 1, (2, 2, 2, 2), 32), (3, 2, (0, 1, 0, 1), 32), (5, 2, (1, 2, 1, 2), 32),
    (3, 2, (0, 1, 0, 1), 3), (5, 3, (2, 2, 1, 0), 32),
]  # fmt: skip
"""Kernel, stride, what is cut, channels: the first four are those of EfficientNet."""
CUT: list[tuple[int, int, Cut, int]] = [(3, 2, (2, 2, 1, 0), 32), (3, 2, (1, 1, 1, 1), 3)]


@pytest.mark.parametrize(("kernel", "stride", "cut", "channels"), [*NOT_COMPUTED, *CUT], ids=str)
def test_what_a_filled_up_convolution_cuts_is_not_computed(kernel: int, stride: int, cut: Cut, channels: int) -> None:
    left, right, top, bottom = cut
    size, seed = (16 + top + bottom, 20 + left + right), torch.manual_seed(0)
    weight = torch.randn(4, channels, kernel, kernel, generator=seed)
    grad = torch.randn_like(F.conv2d(torch.zeros(2, channels, *size), weight, None, stride))

    def function(grad: Tensor) -> Tensor:
        whole = input_gradient(grad, weight, size, Convolution((stride, stride), (0, 0)))
        return F.pad(whole, (-left, -right, -top, -bottom))

    left_over = cropped(function, grad)
    assert (PAD in left_over) == ((kernel, stride, cut, channels) in CUT)


def test_what_has_another_reader_stays() -> None:
    weight = torch.randn(4, 32, 3, 3)

    def function(grad: Tensor) -> Tensor:
        whole = input_gradient(grad, weight, (16, 20), Convolution((2, 2), (0, 0)))
        return F.pad(whole, (0, -1, 0, -1)) * whole.sum()

    assert PAD in cropped(function, torch.randn(2, 4, 7, 9))
