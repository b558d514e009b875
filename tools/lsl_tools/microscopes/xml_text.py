"""The XML that microscopes write beside their pixels: read without trusting it, elements found in any namespace."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree

from lsl_shared.errors import ImageError

__all__ = ["Element", "children", "first", "number", "parse_xml", "whole_number"]

Element = ElementTree.Element
_MOST: Final = 1 << 26  # characters; ZEN writes half a million


def parse_xml(text: str | bytes) -> Element:
    """The root of a document; one that declares entities is refused. Raises ImageError."""
    mark = b"<!ENTITY" if isinstance(text, bytes) else "<!ENTITY"
    if len(text) > _MOST or mark in text:  # type: ignore[operator]
        raise ImageError("is damaged: its description is too long, or declares entities")
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, LookupError, ValueError):
        raise ImageError("is damaged: its description cannot be read") from None


def children(element: Element | None, *names: str) -> Iterator[Element]:
    """The elements at the end of a path of names, in whatever namespace."""
    if element is None:
        return
    if not names:
        yield element
        return
    for child in element:
        if isinstance(child.tag, str) and child.tag.rpartition("}")[2] == names[0]:
            yield from children(child, *names[1:])


def first(element: Element | None, *names: str) -> Element | None:
    """The first of `children`, or None."""
    return next(children(element, *names), None)


def number(text: str | None) -> float:
    """A finite number, NaN for anything else."""
    try:
        found = float(text or "nan")
    except ValueError:
        return math.nan
    return found if math.isfinite(found) else math.nan


def whole_number(text: str | None, otherwise: int = 0) -> int:
    """A number without a sign, of at most nine digits; `otherwise` for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else otherwise
