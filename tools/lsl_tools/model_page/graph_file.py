"""What an ONNX file holds, read from its bytes: operators, and where the numbers of each weight lie.

The runtime has no `onnx` library, and needs of a file only which operators it asks for and at which bytes weights lie.
Field numbers are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["GraphFile", "Weight", "read_graph_file"]

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_GRAPH, _OPSET, _FUNCTIONS = 7, 8, 25
_NODE, _INITIALIZER = 1, 5
_OPERATOR, _DOMAIN = 4, 7
_DIMS, _TYPE, _RAW = 1, 2, 9


@dataclass(frozen=True)
class Weight:
    """A constant tensor whose numbers lie in the file as they are in memory."""

    type: int
    """ONNX's number of the type: 1 is float32, 10 float16, 3 int8."""
    shape: tuple[int, ...]
    start: int
    """The first of its bytes."""
    stop: int


@dataclass(frozen=True)
class GraphFile:
    """What was found in an ONNX file."""

    opsets: dict[str, int]
    """Domain of operators, '' for ONNX's own, and their version."""
    operators: frozenset[str]
    """Names of the operators; those of other domains as domain.Name."""
    weights: tuple[Weight, ...]


def read_graph_file(data: bytes) -> GraphFile:
    """Reads an ONNX file. Raises ValueError where it is none."""
    opsets: dict[str, int] = {}
    operators, weights = set[str](), list[Weight]()
    for field, start, stop in _fields(data, 0, len(data)):
        if field == _OPSET:
            version = _numbers(data, start, stop, 2)
            opsets[_text(data, start, stop, 1)] = version[0] if version else 0
        elif field == _GRAPH:
            for inner, first, last in _fields(data, start, stop):
                if inner == _NODE:
                    operators.add(_operator(data, first, last))
                elif inner == _INITIALIZER:
                    weights += _weight(data, first, last)
        elif field == _FUNCTIONS:
            operators.add("functions of its own")
    if not operators or not opsets:
        raise ValueError("no operators")
    return GraphFile(opsets, frozenset(operators), tuple(weights))


def _operator(data: bytes, start: int, stop: int) -> str:
    domain, name = (_text(data, start, stop, field) for field in (_DOMAIN, _OPERATOR))
    return f"{domain}.{name}" if domain not in ("", "ai.onnx") else name


def _weight(data: bytes, start: int, stop: int) -> Iterator[Weight]:
    """The weight in a tensor, none where its numbers are written in another way."""
    for field, first, last in _fields(data, start, stop):
        if field == _RAW:
            kind = _numbers(data, start, stop, _TYPE)
            yield Weight(kind[0] if kind else 0, tuple(_numbers(data, start, stop, _DIMS)), first, last)


def _text(data: bytes, start: int, stop: int, wanted: int) -> str:
    found = (data[first:last] for field, first, last in _fields(data, start, stop) if field == wanted)
    return next(found, b"").decode(errors="replace")


def _numbers(data: bytes, start: int, stop: int, wanted: int) -> list[int]:
    """The whole numbers of a field, one by one or packed."""
    numbers: list[int] = []
    for field, first, last in _fields(data, start, stop):
        while field == wanted and first < last:
            number, first = _varint(data, first)
            numbers.append(number)
    return numbers


def _fields(data: bytes, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Yields (number, first byte, byte after the last) of each field's content between two places."""
    place = start
    while place < stop:
        key, place = _varint(data, place)
        wire = key & 7
        if wire == _VARINT:
            end = _varint(data, place)[1]
        elif wire == _LENGTH:
            length, place = _varint(data, place)
            end = place + length
        elif wire in (_EIGHT_BYTES, _FOUR_BYTES):
            end = place + (8 if wire == _EIGHT_BYTES else 4)
        else:
            raise ValueError("no ONNX file")
        if end > stop:
            raise ValueError("cut off")
        yield key >> 3, place, end
        place = end


_MOST_BYTES: Final = 10


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number in base 128, the lowest digit first, and the place after it."""
    value = 0
    for digit in range(_MOST_BYTES):
        if place + digit >= len(data):
            break
        byte = data[place + digit]
        value |= (byte & 127) << (7 * digit)
        if byte < 128:
            return value, place + digit + 1
    raise ValueError("cut off")
