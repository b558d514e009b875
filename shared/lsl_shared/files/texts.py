"""Columns of text in HDF5, written so that most programs read them: of a fixed length, in ASCII where that does.

Octave stops at text of any other kind, and PyTables passes over what is of variable length. A fixed length is read
three times faster as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.text_column import TextColumn

__all__ = ["write_few_texts", "write_texts"]

_LONGEST = 256
"""Bytes of the longest text that all others are filled up to."""
_CHUNK_BYTES = 1 << 20
_LOOKED_AT = 65536
"""Texts that are encoded at a time to find the longest one."""


def write_texts(group: h5py.Group, key: str, texts: Iterable[str] | TextColumn) -> None:
    """Writes a column of text: of the length of the longest one; of variable length where that is over 256 bytes.

    Texts of fixed length are kept in gzip chunks, so that what they are filled up with takes no room. Blocks of them
    are encoded at a time.
    """
    if isinstance(texts, TextColumn):
        if texts.ascii is not None and texts.ascii.itemsize <= _LONGEST:
            _write_ascii(group, key, texts.ascii)
            return
        texts = texts.strings
    column = texts if isinstance(texts, np.ndarray) else np.array([*texts, None], dtype=object)[:-1]
    longest, is_ascii, is_padded = _looked_over(column)
    if longest > _LONGEST or is_padded:
        group.create_dataset(key, data=list(column), dtype=h5py.string_dtype())
        return
    written, rows = _create(group, key, len(column), longest, is_ascii)
    for start in range(0, len(column), rows):
        encoded = [text.encode() for text in column[start : start + rows]]
        written[start : start + rows] = np.array(encoded, dtype=written.dtype)


def write_few_texts(group: h5py.Group, key: str, count: int, texts: Mapping[int, str]) -> None:
    """Writes the column (count,) that has a text in few rows and '' in all others, as `write_texts` would."""
    some = np.array([*texts.values(), None], dtype=object)[:-1]
    longest, is_ascii, is_padded = _looked_over(some)
    if longest > _LONGEST or is_padded:
        whole = np.full(count, "", dtype=object)
        whole[list(texts)] = some
        write_texts(group, key, whole)
        return
    written, rows = _create(group, key, count, longest, is_ascii)
    places = np.array(sorted(texts), np.int64)
    for start in range(0, count, rows):
        block = np.zeros(min(rows, count - start), written.dtype)
        for row in places[slice(*np.searchsorted(places, [start, start + rows]))].tolist():
            block[row - start] = texts[row].encode()
        written[start : start + rows] = block


def _create(group: h5py.Group, key: str, count: int, longest: int, is_ascii: bool) -> tuple[h5py.Dataset, int]:
    """A column for texts of so many bytes, and how many rows are written together."""
    kind = h5py.string_dtype("ascii" if is_ascii else "utf-8", longest)
    rows = min(count, _CHUNK_BYTES // longest)
    layout = {"chunks": (rows,), "compression": "gzip"} if rows else {}
    return group.create_dataset(key, (count,), kind, **layout), max(rows, 1)


def _write_ascii(group: h5py.Group, key: str, texts: NDArray[np.bytes_]) -> None:
    """Writes texts that are ASCII bytes already, of the length of the longest one."""
    longest = max(1, int(np.char.str_len(texts).max(initial=0)))
    written, rows = _create(group, key, len(texts), longest, True)
    for start in range(0, len(texts), rows):
        written[start : start + rows] = texts[start : start + rows].astype(written.dtype)


def _looked_over(column: NDArray[np.object_]) -> tuple[int, bool, bool]:
    """Bytes of the longest text, at least 1; whether all are ASCII; whether one ends as if it were filled up."""
    longest, is_ascii, is_padded = 1, True, False
    for start in range(0, len(column), _LOOKED_AT):
        texts = column[start : start + _LOOKED_AT]
        is_ascii = is_ascii and all(map(str.isascii, texts))
        longest = max(longest, *map(len, texts if is_ascii else map(str.encode, texts)))
        is_padded = is_padded or any(text.endswith("\0") for text in texts)
    return longest, is_ascii, is_padded
