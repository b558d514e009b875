"""Columns of text in HDF5, written so that most programs read them: of a fixed length, in ASCII where that does.

Octave stops at text of any other kind, and PyTables passes over what is of variable length. A fixed length is read
three times faster as well.
"""

from __future__ import annotations

from collections.abc import Iterable

import h5py
import numpy as np

__all__ = ["write_texts"]

_LONGEST = 256
"""Bytes of the longest text that all others are filled up to."""
_CHUNK_BYTES = 1 << 20


def write_texts(group: h5py.Group, key: str, texts: Iterable[str]) -> None:
    """Writes a column of text: of the length of the longest one; of variable length where that is over 256 bytes.

    Texts of fixed length are kept in gzip chunks, so that what they are filled up with takes no room.
    """
    encoded = [text.encode() for text in texts]
    longest = max(1, *map(len, encoded)) if encoded else 1
    if longest > _LONGEST or any(text.endswith(b"\0") for text in encoded):
        group.create_dataset(key, data=[text.decode() for text in encoded], dtype=h5py.string_dtype())
        return
    kind = h5py.string_dtype("ascii" if all(map(bytes.isascii, encoded)) else "utf-8", longest)
    rows = min(len(encoded), _CHUNK_BYTES // longest)
    layout = {"chunks": (rows,), "compression": "gzip"} if rows else {}
    group.create_dataset(key, data=np.array(encoded, dtype=kind), **layout)
