from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from lsl_trainer.graphs.merging import merge_phases
from lsl_trainer.graphs.phases import CONVOLVE, INTERLEAVE, REPEAT, SHUFFLE, convolve, interleave, repeat, shuffle
from lsl_trainer.graphs.tracing import trace

aten = torch.ops.aten
STEPS, SIZE = [2, 2], [6, 8]


def merged(function: Callable[..., Tensor], *inputs: Tensor) -> list[Any]:
    """The operators left after merging; what they compute is what was computed before."""
    traced = trace(function, inputs, {})
    before = deepcopy(traced)
    merge_phases(traced)
    torch.testing.assert_close(traced(*inputs), before(*inputs))
    return [node.target for node in traced.graph.nodes if node.op == "call_function"]


def quarter(seed: int, channels: int = 4) -> Tensor:
    return torch.randn(2, channels, 3, 4, generator=torch.Generator().manual_seed(seed))


def test_phases_are_added_before_they_are_interleaved() -> None:
    def function(a: Tensor, b: Tensor) -> Tensor:
        return interleave([a, b, None, a], STEPS, SIZE) + interleave([b, None, None, a], STEPS, SIZE)

    targets = merged(function, quarter(0), quarter(1))
    assert targets.count(INTERLEAVE) == 1
    assert targets.count(aten.add.Tensor) == 2


def test_a_repeated_phase_is_added_to_each() -> None:
    def function(a: Tensor, b: Tensor) -> Tensor:
        return repeat(b, STEPS, SIZE) + interleave([a, None, b, a], STEPS, SIZE)

    targets = merged(function, quarter(0), quarter(1))
    assert REPEAT not in targets
    assert targets.count(aten.add.Tensor) == 3


def test_sums_of_three_are_merged_too() -> None:
    def function(a: Tensor, b: Tensor) -> Tensor:
        spread = interleave([a, b, a, b], STEPS, SIZE) + interleave([b, b, a, a], STEPS, SIZE)
        return spread + interleave([a, None, None, None], STEPS, SIZE)

    assert merged(function, quarter(0), quarter(1)).count(INTERLEAVE) == 1


def test_what_differs_or_is_read_twice_stays() -> None:
    def twice(a: Tensor) -> Tensor:
        spread = interleave([a, a, None, a], STEPS, SIZE)
        return (spread + interleave([a, a, a, a], STEPS, SIZE)) * spread

    def other_steps(a: Tensor) -> Tensor:
        return interleave([a, a], [2, 1], [6, 4]) + interleave([a, None], [2, 1], [6, 4]) * 2

    def odd(a: Tensor) -> Tensor:
        return interleave([a, a, a, a], STEPS, [5, 7]) + repeat(a[:, :, :2, :3], STEPS, [5, 7])

    assert merged(twice, quarter(0)).count(INTERLEAVE) == 2
    assert merged(other_steps, quarter(0)).count(INTERLEAVE) == 2
    assert merged(odd, quarter(0)).count(REPEAT) == 1


def test_channels_are_reduced_before_the_shuffle() -> None:
    def function(a: Tensor) -> Tensor:
        return shuffle(a, STEPS, SIZE).abs().amax(1)

    targets = merged(function, quarter(0, 12))
    assert targets.index(aten.amax.default) < targets.index(SHUFFLE)


def test_a_divisor_goes_into_the_kernel() -> None:
    weight = quarter(1)

    def function(a: Tensor) -> Tensor:
        return convolve(a, weight, [0] * 4, [1, 1], [1, 1], 1) / 4

    targets = merged(function, quarter(0))
    assert targets == [CONVOLVE]
