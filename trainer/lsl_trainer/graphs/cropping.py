"""Rows and columns that a gradient cuts off are not computed.

Where a network fills images up with zeros before a convolution, the gradient of that is cut. ONNX Runtime leaves its
blocked layout to cut; a convolution with less padding does not compute what is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import ceil
from typing import Any

import torch
from torch import fx

from lsl_trainer.graphs.merging import is_private
from lsl_trainer.graphs.phases import CONVOLVE, INTERLEAVE, SHUFFLE
from lsl_trainer.graphs.tracing import fill_in_values

__all__ = ["crop_early"]

aten = torch.ops.aten
Pair = Sequence[int]


def crop_early(traced: fx.GraphModule) -> None:
    """Cuts inside the convolutions, phases and shuffles whose results are cut. The answers stay the same."""
    rules = {CONVOLVE: _cut_convolution, INTERLEAVE: _cut_phases, SHUFFLE: _cut_shuffle}
    for node in list(traced.graph.nodes):
        if node.target != aten.constant_pad_nd.default or not is_private(node.args[0], *rules):
            continue
        source, pads = node.args[:2]
        if len(pads) != 4 or max(pads) > 0:
            continue
        left, right, top, bottom = (-side for side in pads)
        with traced.graph.inserting_before(node):
            replacement = rules[source.target](source, (top, left), (bottom, right))
        if replacement is not None:
            node.replace_all_uses_with(replacement)
            traced.graph.erase_node(node)
    traced.graph.eliminate_dead_code()
    traced.recompile()
    fill_in_values(traced)


def _cut_convolution(node: Any, before: Pair, after: Pair) -> Any:
    """The same convolution without its first and last rows and columns; None where it must compute them."""
    x, weight, pads, stride, *rest = node.args
    less = [side - step * cut for side, step, cut in zip(pads, [*stride] * 2, [*before, *after], strict=True)]
    return None if min(less) < 0 else node.graph.call_function(CONVOLVE, (x, weight, less, stride, *rest))


def _cut_phases(node: Any, before: Pair, after: Pair) -> Any:
    """What is cut off before moves the phases: the row after it is in the first one."""
    phases, steps, size = node.args
    new = [side - first - last for side, first, last in zip(size, before, after, strict=True)]
    moved = []
    for places in product(*map(range, steps)):
        old = [place + first for place, first in zip(places, before, strict=True)]
        phase = phases[old[0] % steps[0] * steps[1] + old[1] % steps[1]]
        skipped = [place // step for place, step in zip(old, steps, strict=True)]
        sides = zip(size, new, steps, skipped, strict=True)
        spare = [ceil(side / step) - first - ceil(left / step) for side, left, step, first in sides]
        moved.append(phase and _cut(phase, skipped, spare))
        if phase is not None and moved[-1] is None:
            return None
    return node.graph.call_function(INTERLEAVE, (moved, steps, new))


def _cut(phase: Any, before: Pair, after: Pair) -> Any:
    if not any((*before, *after)):
        return phase
    return _cut_convolution(phase, before, after) if is_private(phase, CONVOLVE) else None


def _cut_shuffle(node: Any, before: Pair, after: Pair) -> Any:
    """Only what is cut off at the end: a shuffle leaves that out itself, and the convolution before it if it can."""
    x, steps, size = node.args
    if any(before):
        return None
    new = [side - last for side, last in zip(size, after, strict=True)]
    spare = [ceil(side / step) - ceil(left / step) for side, left, step in zip(size, new, steps, strict=True)]
    less = _cut(x, (0, 0), spare)
    return node.graph.call_function(SHUFFLE, (x if less is None else less, steps, new))
