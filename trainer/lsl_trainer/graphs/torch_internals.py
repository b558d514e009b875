"""Every name of torch that this package uses although torch may change it in any release.

They are the reason for the upper bound on torch in pyproject.toml. Whoever raises that bound looks here first, then
runs tests/trainer/graphs, where every traced gradient is compared with plain autograd. No other module of the trainer
names a private part of torch; tests/trainer/graphs/test_torch_internals.py holds that.
"""

from __future__ import annotations

import torch

# The gradient of each operator, written in simpler operators. `gradients` traces with them.
from torch._decomp import decomposition_table as DECOMPOSITIONS

# The type of an ATen operator. A node of a traced graph is computed at once only if it calls one.
from torch._ops import OpOverload

# Tensors without data. Tracing runs on them, so the size of the batch can be left open.
from torch._subclasses.fake_tensor import FakeTensorMode

# Runs a function, its autograd included, and notes every ATen operator as a graph.
from torch.fx.experimental.proxy_tensor import make_fx

# Which sizes of a tensor without data are open (the batch), and which are fixed (all others).
from torch.fx.experimental.symbolic_shapes import DimDynamic, ShapeEnv, StatelessSymbolicContext

# Translating a traced graph into ONNX node by node: the table of translations, a tensor in ONNX's form, what goes
# over the nodes, and what completes a model of them. `torch.onnx.export` would trace the graph twice more.
from torch.onnx._internal.exporter._core import TorchTensor
from torch.onnx._internal.exporter._core import _translate_fx_graph as translate_fx_graph

# Operators without a translation, in terms of those that have one.
from torch.onnx._internal.exporter._decomp import (
    create_onnx_friendly_decomposition_table,
    get_onnx_implemented_overloads,
)
from torch.onnx._internal.exporter._ir_passes import add_opset_imports, rename_axis
from torch.onnx._internal.exporter._registration import ONNXRegistry

# Sees every operator that runs. `unsupported` finds with it the module that an operator belongs to.
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = [
    "ADAPTIVE_AVERAGE_POOLING",
    "BATCH_NORMALIZATION",
    "CAST",
    "DECOMPOSITIONS",
    "EXPORTER_LOGGER",
    "UNSAFE_VIEW",
    "DimDynamic",
    "FakeTensorMode",
    "ONNXRegistry",
    "OpOverload",
    "ShapeEnv",
    "StatelessSymbolicContext",
    "TorchDispatchMode",
    "TorchTensor",
    "add_opset_imports",
    "create_onnx_friendly_decomposition_table",
    "get_onnx_implemented_overloads",
    "make_fx",
    "rename_axis",
    "translate_fx_graph",
]

ADAPTIVE_AVERAGE_POOLING = torch.ops.aten._adaptive_avg_pool2d.default
"""What nn.AdaptiveAvgPool2d becomes in a traced graph."""

BATCH_NORMALIZATION = torch.ops.aten._native_batch_norm_legit_no_training.default
"""What nn.BatchNorm2d becomes in a traced graph, in inference."""

CAST, UNSAFE_VIEW = torch.ops.aten._to_copy.default, torch.ops.aten._unsafe_view.default
"""What a change of type, and a view of what a product has just made, become in a traced graph."""

EXPORTER_LOGGER = "torch.onnx._internal.exporter"
"""The logger that warns at every export that torchvision is absent, and of each node what it lacks."""
