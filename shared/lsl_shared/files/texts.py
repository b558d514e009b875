"""Columns of text in HDF5, written so that most programs read them: of a fixed length, in ASCII where that does.

Octave stops at text of any other kind, and PyTables passes over what is of variable length. A fixed length is read
three times faster as well.
"""

from __future__ import annotations

from collections.abc import Iterable

import h5py
import numpy as np
from numpy.typing import NDArray

__all__ = ["write_texts"]

_LONGEST = 256
"""Bytes of the longest text that all others are filled up to."""
_CHUNK_BYTES = 1 << 20
_LOOKED_AT = 65536
"""Texts that are encoded at a time to find the longest one."""


def write_texts(group: h5py.Group, key: str, texts: Iterable[str]) -> None:
    """Writes a column of text: of the length of the longest one; of variable length where that is over 256 bytes.

    Texts of fixed length are kept in gzip chunks, so that what they are filled up with takes no room. Blocks of them
    are encoded at a time.
    """
    column = texts if isinstance(texts, np.ndarray) else np.array([*texts, None], dtype=object)[:-1]
    longest, is_ascii, is_padded = _looked_over(column)
    if longest > _LONGEST or is_padded:
        group.create_dataset(key, data=list(column), dtype=h5py.string_dtype())
        return
    kind = h5py.string_dtype("ascii" if is_ascii else "utf-8", longest)
    rows = min(len(column), _CHUNK_BYTES // longest)
    layout = {"chunks": (rows,), "compression": "gzip"} if rows else {}
    written = group.create_dataset(key, (len(column),), kind, **layout)
    for start in range(0, len(column), max(rows, 1)):
        encoded = [text.encode() for text in column[start : start + rows]]
        written[start : start + rows] = np.array(encoded, dtype=kind)


def _looked_over(column: NDArray[np.object_]) -> tuple[int, bool, bool]:
    """Bytes of the longest text, at least 1; whether all are ASCII; whether one ends as if it were filled up."""
    longest, is_ascii, is_padded = 1, True, False
    for start in range(0, len(column), _LOOKED_AT):
        texts = column[start : start + _LOOKED_AT]
        is_ascii = is_ascii and all(map(str.isascii, texts))
        longest = max(longest, *map(len, texts if is_ascii else map(str.encode, texts)))
        is_padded = is_padded or any(text.endswith("\0") for text in texts)
    return longest, is_ascii, is_padded
