from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_trainer.graphs.float16 import to_float16
from lsl_trainer.graphs.gradients import GRADIENT_RULES
from lsl_trainer.graphs.onnx_file import translated
from lsl_trainer.graphs.parts import Parts
from lsl_trainer.graphs.steps import BELOW, below
from lsl_trainer.graphs.tracing import trace

aten = torch.ops.aten


@pytest.mark.parametrize("limit", [6.0, 0.3])
def test_the_ramp_is_a_step_to_the_last_bit(limit: float) -> None:
    bound, far = np.float32(limit), np.float32(np.inf)
    near = [np.nextafter(bound, -far), bound, np.nextafter(bound, far)]
    values = np.array([[-1e30, -1, 0, 1e-40, bound / 2, *near, 2 * bound, 1e30]] * 2, np.float32)
    graph = trace(lambda x: [below(x, limit)], (torch.from_numpy(values),), {})
    model = translated(Parts(graph, ["x"], ["y"]), nn.Identity(), (1, 1))
    for one in (model, to_float16(model)):
        session = onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"])
        (found,) = session.run(None, {"x": values})
        exact = one is model
        kept = np.arange(10) if exact else np.array([0, 1, 2, 4, 8, 9])  # float16 has no numbers so near each other
        np.testing.assert_array_equal(np.asarray(found)[:, kept], (values < bound)[:, kept])


def test_a_bounded_activation_lets_through_what_autograd_does() -> None:
    values = [-1.0, 0.0, 1e-7, 3.0, float(np.nextafter(np.float32(6), np.float32(0))), 6.0, 7.0]
    x, weight = torch.tensor([values] * 2), torch.arange(1.0, 8.0)

    def gradient(x: Tensor) -> list[Tensor]:
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            return [*torch.autograd.grad((F.relu6(x) * weight).sum(), x)]

    graph = trace(gradient, (x,), GRADIENT_RULES)
    assert BELOW in {node.target for node in graph.graph.nodes}
    torch.testing.assert_close(graph(x)[0], gradient(x)[0], rtol=0, atol=0)


def test_other_bounds_are_compared() -> None:
    x = torch.linspace(-2, 2, 9).repeat(2, 1)

    def gradient(x: Tensor) -> list[Tensor]:
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            return [*torch.autograd.grad(F.hardtanh(x).sum(), x)]

    torch.testing.assert_close(trace(gradient, (x,), GRADIENT_RULES)(x)[0], gradient(x)[0], rtol=0, atol=0)
