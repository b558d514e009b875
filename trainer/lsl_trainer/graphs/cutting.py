"""Cutting a graph out of a larger one: the pieces it needs, joined where they meet, under its own names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import onnx

__all__ = ["Cut", "cut_out"]


@dataclass(frozen=True)
class Cut:
    """A graph within a larger one."""

    inputs: Mapping[str, str]
    """The name of each input, and its name in the larger graph."""
    outputs: Mapping[str, str]
    joints: Mapping[str, str]
    """Inputs of the larger graph, and the values of it that take their place."""


def cut_out(whole: onnx.ModelProto, cut: Cut) -> onnx.ModelProto:
    """The nodes and weights that the outputs of the cut depend on, in their order.

    A value comes before whatever reads it, also by way of a joint, since that is the order in `whole`.
    """
    nodes = _needed(whole.graph, cut)
    read = {name for node in nodes for name in _read(node)}
    made = {name for node in nodes for name in node.output}
    names = {name: f"{name}_within" for name in made if name in cut.outputs}  # by others of its names
    names |= {theirs: ours for ours, theirs in (*cut.inputs.items(), *cut.outputs.items())}
    part = onnx.ModelProto()
    for field in ("ir_version", "producer_name", "producer_version"):
        setattr(part, field, getattr(whole, field))
    part.opset_import.extend(whole.opset_import)
    graph, of = part.graph, {value.name: value for value in (*whole.graph.input, *whole.graph.output)}
    graph.name = whole.graph.name
    graph.input.extend(_named(of[theirs], ours) for ours, theirs in cut.inputs.items())
    graph.output.extend(_named(of[theirs], ours) for ours, theirs in cut.outputs.items())
    graph.node.extend(nodes)
    graph.initializer.extend(tensor for tensor in whole.graph.initializer if tensor.name in read)
    graph.value_info.extend(value for value in whole.graph.value_info if value.name in made - names.keys())
    for node in graph.node:
        _rename(node, {**cut.joints, **names}, names)
    return part


def _needed(graph: onnx.GraphProto, cut: Cut) -> list[onnx.NodeProto]:
    """The nodes that the outputs depend on."""
    wanted, kept = {*cut.outputs.values()}, list[onnx.NodeProto]()
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(cut.joints.get(name, name) for name in _read(node))
    return kept[::-1]


def _read(node: onnx.NodeProto) -> Iterator[str]:
    """Every name that a node reads, those in its branches and loops included."""
    yield from node.input
    for inner in _inner(node):
        yield from _read(inner)


def _inner(node: onnx.NodeProto) -> Iterable[onnx.NodeProto]:
    return [inner for attribute in node.attribute for inner in attribute.g.node]


def _named(value: onnx.ValueInfoProto, name: str) -> onnx.ValueInfoProto:
    copy = onnx.ValueInfoProto()
    copy.CopyFrom(value)
    copy.name = name
    return copy


def _rename(node: onnx.NodeProto, read: Mapping[str, str], made: Mapping[str, str]) -> None:
    for inner in _inner(node):
        _rename(inner, read, {})
    node.input[:] = [read.get(name, name) for name in node.input]
    node.output[:] = [made.get(name, name) for name in node.output]
