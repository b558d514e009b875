"""Inflating and deflating HDF5 chunks outside HDF5: twice as fast with libdeflate, and never more than a chunk's size.

HDF5's own filter runs under h5py's lock, on one core at a time, and inflates whatever a file claims.
"""

from __future__ import annotations

import zlib
from importlib import import_module
from typing import Any

__all__ = ["deflated", "inflated"]


def _libdeflate() -> Any:
    """The package deflate; None where the platform has no wheel of it, and the slower standard library must do."""
    try:
        return import_module("deflate")
    except ImportError:
        return None


deflate = _libdeflate()


def inflated(raw: bytes, size: int) -> bytes | bytearray:
    """The `size` bytes that a zlib stream holds. Raises ValueError where it is damaged or holds another number."""
    if deflate is None:
        data = _inflated_by_zlib(raw, size)
    else:
        try:
            data = deflate.zlib_decompress(raw, size)
        except deflate.DeflateError:
            raise ValueError("damaged deflate stream, or one that exceeds its chunk") from None
    if len(data) != size:
        raise ValueError(f"the deflate stream holds {len(data)} bytes, its chunk {size}")
    return data


def deflated(data: bytes, level: int) -> bytes:
    """A zlib stream as HDF5's gzip filter writes it; `level` 1 … 9."""
    return zlib.compress(data, level) if deflate is None else bytes(deflate.zlib_compress(data, level))


def _inflated_by_zlib(raw: bytes, size: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(raw, size)
        more = stream.decompress(stream.unconsumed_tail, 1)
    except zlib.error as problem:
        raise ValueError(f"damaged deflate stream ({problem})") from None
    if more or not stream.eof:
        raise ValueError("damaged deflate stream, or one that exceeds its chunk")
    return data
