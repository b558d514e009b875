"""The graphs of a bundle in little room: each weight once, on demand in 16 bits.

The three graphs share their weights, and a gradient's kernels are those of the network turned round. So a graph becomes
a list of pieces: stretches of its file as they are, and views of tensors that are kept once. The browser puts the
files together again. In 32 bits they are the same to the byte. In 16 bits each weight is rounded to float16, after its
tensor was brought to the upper end of that range by a power of two, so that small ones keep their digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from lsl_tools.model_page.graph_file import Weight, read_graph_file

__all__ = ["Packed", "Precision", "pack_graphs", "unpack_graph"]

Precision = Literal["float32", "float16"]

_FLOAT32: Final = 1
_FEWEST: Final = 128
"""Tensors of fewer numbers stay in their file: they are biases and settings."""
_TOP: Final = 15
"""Float16 reaches to 2^16; the largest weight of a tensor comes below 2^15."""
_MOST_TRIALS: Final = 64


@dataclass
class Packed:
    """Graphs as pieces of one run of bytes."""

    data: bytearray = field(default_factory=bytearray)
    tensors: list[list[int]] = field(default_factory=list)
    """[first byte, how many numbers, bytes of each (2 or 4), exponent]: a number kept in 2 bytes times 2^exponent."""
    graphs: dict[str, list[list[Any]]] = field(default_factory=dict)
    """Of each graph its pieces: [first byte, length] of bytes as they are, or [tensor, offset, shape, strides]."""


def pack_graphs(graphs: Mapping[str, bytes], precision: Precision) -> Packed:
    """Packs ONNX files by their names."""
    packing = _Packing(precision)
    for name, data in graphs.items():
        packing.add(name, data)
    return packing.packed


def unpack_graph(packed: Packed, name: str) -> bytes:
    """A graph put together again, as the browser does it."""
    return b"".join(_piece(packed, piece) for piece in packed.graphs[name])


def _piece(packed: Packed, piece: list[Any]) -> bytes:
    if len(piece) == 2:
        return bytes(packed.data[piece[0] : piece[0] + piece[1]])
    tensor, offset, shape, strides = piece
    start, count, width, exponent = packed.tensors[tensor]
    kept = np.frombuffer(packed.data, f"<f{width}", count, start).astype(np.float32)
    values = kept if width == 4 else kept * np.float32(2.0**exponent)
    return _view(values, offset, shape, strides).tobytes()


def _view(values: NDArray[Any], offset: int, shape: list[int], strides: list[int]) -> NDArray[Any]:
    """The numbers values[offset + Σ strides · indices]."""
    return np.lib.stride_tricks.as_strided(
        values[offset:], shape, [values.itemsize * stride for stride in strides], writeable=False
    )


class _Packing:
    """Packs one graph after the other, and remembers the tensors that were there."""

    def __init__(self, precision: Precision) -> None:
        self.packed = Packed()
        self._half = precision == "float16"
        self._kept: list[NDArray[np.uint32]] = []
        """The tensors as bits: so that -0 and NaN are told apart, too."""

    def add(self, name: str, data: bytes) -> None:
        pieces: list[list[Any]] = []
        place = 0
        for weight in read_graph_file(data).weights:
            numbers = (weight.stop - weight.start) // 4
            if weight.type != _FLOAT32 or numbers < _FEWEST or numbers != int(np.prod(weight.shape)):
                continue
            pieces += [self._literal(data[place : weight.start]), self._weight(data, weight)]
            place = weight.stop
        self.packed.graphs[name] = [*pieces, self._literal(data[place:])]

    def _literal(self, data: bytes) -> list[int]:
        start = len(self.packed.data)
        self.packed.data += data
        return [start, len(data)]

    def _weight(self, data: bytes, weight: Weight) -> list[Any]:
        bits = np.frombuffer(data, "<u4", (weight.stop - weight.start) // 4, weight.start)
        for tensor, kept in enumerate(self._kept):
            found = _found(kept, bits.reshape(weight.shape))
            if found is not None:
                return [tensor, *found]
        self._keep(bits)
        return [len(self._kept) - 1, 0, [len(bits)], [1]]

    def _keep(self, bits: NDArray[np.uint32]) -> None:
        values = bits.view(np.float32)
        self._kept.append(bits)
        self.packed.data += bytes(-len(self.packed.data) % 4)
        start, exponent = len(self.packed.data), _exponent(values) if self._half else 0
        numbers = (values * np.float32(2.0**-exponent)).astype("<f2") if self._half else values
        self.packed.tensors.append([start, len(bits), numbers.itemsize, exponent])
        self.packed.data += numbers.tobytes()


def _exponent(values: NDArray[np.float32]) -> int:
    """The power of two that the largest value is divided by, so that it comes below 2^15."""
    largest = float(np.abs(values).max())
    return int(np.frexp(largest)[1]) - _TOP if 0 < largest < np.inf else 0


def _found(kept: NDArray[np.uint32], wanted: NDArray[np.uint32]) -> tuple[int, list[int], list[int]] | None:
    """(offset, shape, strides) of the same numbers in `kept`, where they lie there turned round; None if they do not.

    A kernel with axes exchanged and taps in another order steps through the other one evenly along each axis. So its
    first number, and the next along each axis, tell all that there is to know.
    """
    if wanted.size > kept.size:
        return None
    shape = [side for side in wanted.shape if side > 1] or [1]
    wanted = wanted.reshape(shape)
    for offset, strides in _guesses(kept, wanted):
        ends = [stride * (side - 1) for stride, side in zip(strides, shape, strict=True)]
        low, high = offset + sum(min(end, 0) for end in ends), offset + sum(max(end, 0) for end in ends)
        if low >= 0 and high < kept.size and np.array_equal(_view(kept, offset, shape, strides), wanted):
            return offset, shape, strides
    return None


def _guesses(kept: NDArray[np.uint32], wanted: NDArray[np.uint32]) -> Iterator[tuple[int, list[int]]]:
    first = np.flatnonzero(kept == wanted.flat[0])
    if not 0 < len(first) <= _MOST_TRIALS:
        return
    nexts = []
    for axis in range(wanted.ndim):
        one = tuple(int(axis == other and wanted.shape[axis] > 1) for other in range(wanted.ndim))
        nexts.append(np.flatnonzero(kept == wanted[one]))
        if not 0 < len(nexts[-1]) <= _MOST_TRIALS:
            return
    guesses = product(first, *nexts)
    for _, (offset, *places) in zip(range(_MOST_TRIALS), guesses, strict=False):
        yield int(offset), [int(place - offset) for place in places]
