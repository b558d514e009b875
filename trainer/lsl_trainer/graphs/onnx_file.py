"""Writing a graph as an ONNX file: translated by torch, checked, the manifest in its metadata."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from torch import fx, nn

from lsl_shared import Manifest
from lsl_shared.errors import ExportError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.manifest import METADATA_KEY
from lsl_trainer.graphs.answer_graph import AnswerGraph
from lsl_trainer.graphs.contributions_graph import ContributionsGraph
from lsl_trainer.graphs.torch_internals import EXPORTER_LOGGER
from lsl_trainer.graphs.translations import TRANSLATIONS
from lsl_trainer.graphs.unsupported import unsupported

__all__ = ["write_graph"]

_OPSET = 20


def write_graph(
    graph: AnswerGraph | ContributionsGraph, network: nn.Module, manifest: Manifest, path: str | Path
) -> None:
    """Writes the graph of a network. An ExportError names an operator that ONNX lacks, and the module that uses it."""
    _check_classes(graph.core, manifest)
    _save(_translate(graph, network), manifest, path)


def _check_classes(core: fx.GraphModule, manifest: Manifest) -> None:
    logits = core.graph.output_node().args[0][0]  # type: ignore[index]
    outputs, classes = logits.meta["val"].shape[1], sum(len(task.classes) for task in manifest.tasks)  # type: ignore[union-attr]
    if outputs != classes:
        raise ExportError(
            f"the network has {outputs} outputs, but the manifest's tasks have {classes} classes together"
        )


def _save(model: onnx.ModelProto, manifest: Manifest, path: str | Path) -> None:
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, manifest.to_json()
    onnx.checker.check_model(model, full_check=True)
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def _translate(graph: AnswerGraph | ContributionsGraph, network: nn.Module) -> onnx.ModelProto:
    _, height, width, _ = graph.inputs["image"].shape
    with _quiet_exporter():
        try:
            program = torch.onnx.export(
                graph,
                tuple(graph.inputs.values()),
                input_names=list(graph.inputs),
                output_names=list(graph.outputs),
                dynamic_shapes=(tuple({0: "batch"} for _ in graph.inputs),),
                opset_version=_OPSET,
                custom_translation_table=TRANSLATIONS,
                dynamo=True,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as problem:
            raise unsupported(_operator_of(problem), network, (height, width)) from problem
    assert program is not None
    program.model.graph.metadata_props.clear()
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # else every node carries stack traces with the paths of this machine
    return program.model_proto


def _operator_of(problem: BaseException) -> str:
    """The operator that the exporter could not translate, from the chain of its exceptions."""
    cause: BaseException | None = problem
    while cause is not None:
        if found := re.search(r"OpOverload\(op='([\w.]+)', overload='(\w+)'\)", str(cause)):
            return ".".join(found.groups())
        cause = cause.__cause__
    return "an operator"


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Hides what the exporter says on every run: that torchvision is absent, and its own deprecated calls."""
    logger = logging.getLogger(EXPORTER_LOGGER)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
            warnings.filterwarnings("ignore", message="# The axis name", category=UserWarning)
            yield
    finally:
        logger.setLevel(level)
