"""Writing ONNX files: a traced graph is translated by torch's own functions, checked, the manifest in its metadata."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import onnx
import onnx_ir
import torch
from onnx_ir.passes import common
from onnxscript import optimizer, version_converter
from torch import Tensor, fx, nn

from lsl_shared import Manifest
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.manifest import METADATA_KEY
from lsl_trainer.graphs.parts import Parts
from lsl_trainer.graphs.registry import OPSET, quiet_exporter, registry
from lsl_trainer.graphs.sharing import share_transposed
from lsl_trainer.graphs.simplifying import simplify
from lsl_trainer.graphs.torch_internals import (
    TorchTensor,
    add_opset_imports,
    rename_axis,
    translate_fx_graph,
)
from lsl_trainer.graphs.tracing import constant, fill_in_values
from lsl_trainer.graphs.unsupported import unsupported

__all__ = ["save_graph", "translated"]

_IR_VERSION = 10


def translated(parts: Parts, network: nn.Module, image_size: tuple[int, int]) -> onnx.ModelProto:
    """The traced graph in ONNX. An ExportError names an operator that ONNX lacks, and the module that uses it."""
    with quiet_exporter():
        try:
            model = _translate(parts.graph)
        except torch.onnx.OnnxExporterError as problem:
            raise unsupported(_operator_of(problem), network, image_size) from problem
        _tidy(model)
    for name, value in zip(parts.inputs, model.graph.inputs, strict=True):
        value.name = name
    for name, value in zip(parts.outputs, model.graph.outputs, strict=True):
        value.name = name
    return onnx_ir.serde.serialize_model(model)


def save_graph(model: onnx.ModelProto, manifest: Manifest, path: Path) -> None:
    """Writes the graph, checked, with the manifest in its metadata."""
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, manifest.to_json()
    onnx.checker.check_model(model, full_check=True)
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def _translate(traced: fx.GraphModule) -> onnx_ir.Model:
    """Node by node; the constants become initializers."""
    fill_in_values(traced)
    simplify(traced)
    fill_in_values(traced)
    constants = _lift_constants(traced)
    model = onnx_ir.Model(
        onnx_ir.Graph([], [], nodes=[], name="main_graph"),
        ir_version=_IR_VERSION, producer_name="pytorch", producer_version=torch.__version__,
    )  # fmt: skip
    graph = model.graph
    values: Any = translate_fx_graph(
        traced.graph, model, graph_like=graph, owned_graphs={}, lower="at_conversion", registry=registry()
    )
    for name, tensor in constants.items():
        graph.inputs.remove(values[name])
        values[name].const_value = TorchTensor(tensor, name=name)
        graph.initializers[name] = values[name]
    share_transposed(graph, {values[name]: tensor for name, tensor in constants.items()})
    add_opset_imports(model)
    version_converter.convert_version(model, OPSET)
    return model


def _lift_constants(traced: fx.GraphModule) -> dict[str, Tensor]:
    """Makes inputs of all constants, as the translation wants them; gives their values."""
    values = {}
    for node in traced.graph.nodes:
        if (value := constant(node)) is not None:
            values[node.name], node.meta["val"] = value, value
            node.op, node.target = "placeholder", node.name
    return values


def _tidy(model: onnx_ir.Model) -> None:
    """What is known is computed; what is there twice, or unused, goes; nodes forget where they come from."""
    passes: list[Any] = [
        common.InlinePass(),
        *[common.RemoveUnusedNodesPass(), common.RemoveUnusedOpsetsPass()],
        common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
        *[common.DeduplicateInitializersPass(), common.CommonSubexpressionEliminationPass()],
        *[common.OutputFixPass(), common.NameFixPass(), common.ClearMetadataAndDocStringPass()],
    ]
    passes[0](model)
    optimizer.fold_constants(model)
    for one in passes[1:]:
        one(model)
    rename_axis(model, {str(value.shape[0]): "batch" for value in model.graph.inputs if value.shape})


def _operator_of(problem: BaseException) -> str:
    """The operator that has no form in ONNX, from the chain of the exporter's exceptions."""
    cause: BaseException | None = problem
    while cause is not None:
        if found := re.search(r"OpOverload\(op='([\w.]+)', overload='(\w+)'\)", str(cause)):
            return ".".join(found.groups())
        cause = cause.__cause__
    return "an operator"
