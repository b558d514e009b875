"""Attributes as any program writes them: text as bytes, whole numbers as floats, one value as a list of one."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["as_text", "as_whole", "read_names", "read_text", "read_wholes"]

_PICKLES = (b"\x80", b"(", b"cnumpy")
"""How Python's own packing of a list begins, in which PyTables keeps lists."""


def as_text(value: Any) -> str | None:
    """The text that a value of an attribute says, str or bytes, alone or in a list of one; None where it is none."""
    one = _single(value)
    try:
        text = one.decode().rstrip("\0 ") if isinstance(one, bytes) else one  # fixed lengths are filled up
    except UnicodeDecodeError:
        return None
    return text if isinstance(text, str) else None


def as_whole(value: Any) -> int | None:
    """The whole number that a value of an attribute says, alone or in a list of one; None where it is none."""
    one = _single(value)
    if isinstance(one, (bool, np.bool_)) or not isinstance(one, (int, float, np.integer, np.floating)):
        return None
    return int(one) if np.isfinite(one) and int(one) == one else None


def read_text(item: Any, name: str, usual: str = "") -> str:
    """The attribute `name` of an HDF5 object as text; `usual` where it has none. Raises ValueError for another."""
    if name not in item.attrs:
        return usual
    text = as_text(item.attrs[name])
    if text is None:
        raise ValueError(f"attribute {name}: expected text, found {item.attrs[name]!r}")
    return text


def read_wholes(item: Any, name: str) -> tuple[int, ...]:
    """The attribute `name` of an HDF5 object as a list of whole numbers, () where it has none. Raises ValueError."""
    values = item.attrs.get(name, ())
    wholes = tuple(as_whole(value) for value in np.ravel(values)) if np.ndim(values) else (None,)
    if None in wholes:
        raise ValueError(f"attribute {name}: expected a list of whole numbers, found {values!r}")
    return tuple(int(whole) for whole in wholes if whole is not None)


def read_names(item: Any, name: str) -> tuple[str, ...]:
    """The attribute `name` of an HDF5 object as a list of names. Raises ValueError or KeyError where it is not one."""
    names = item.attrs[name]
    if not isinstance(names, np.ndarray) or names.ndim != 1 or names.dtype.kind not in "OSU":
        raise ValueError(f"attribute {name}: expected a list of names, found {_told(names)}")
    texts = tuple(as_text(entry) for entry in names)
    if None in texts:
        raise ValueError(f"attribute {name}: expected names in UTF-8, found {names!r}")
    return tuple(text for text in texts if text is not None)


def _single(value: Any) -> Any:
    """The entry of a list of one; anything else as it is."""
    return value.ravel()[0] if isinstance(value, np.ndarray) and value.size == 1 else value


def _told(names: Any) -> str:
    if isinstance(names, bytes) and names.startswith(_PICKLES):
        return "a list that PyTables packed; write np.array(names, 'S')"
    return repr(names)
