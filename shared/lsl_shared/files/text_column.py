"""A column of text, kept in the bytes that it lies in; strings are made of it where somebody asks for them.

A million strings take 70 MB and a second. Most steps only compare names, or hand them on.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import DataFileError
from lsl_shared.files.hdf5 import read_strings, read_text_bytes

__all__ = ["TextColumn", "read_texts"]

_AT_ONCE = 16384
_WIDEST = 128
"""Bytes of a text beyond which strings take less room, since most of them are shorter."""


class TextColumn:
    """Texts (N,): ASCII bytes of one length, filled up with zeros, or strings where the file has others.

    Attributes:
        ascii: bytes (N,), None where strings were read.
    """

    def __init__(self, texts: NDArray[np.bytes_] | NDArray[np.object_]) -> None:
        self.ascii: NDArray[np.bytes_] | None = np.ascontiguousarray(texts) if texts.dtype.kind == "S" else None
        if self.ascii is None:
            self.strings = np.asarray(texts, dtype=object)

    def __len__(self) -> int:
        return len(self.strings if self.ascii is None else self.ascii)

    @cached_property
    def strings(self) -> NDArray[np.object_]:
        """The texts as str (N,)."""
        assert self.ascii is not None
        found = np.empty(len(self.ascii), dtype=object)
        found[:] = [text.decode("ascii") for text in self.ascii.tolist()]
        return found

    def are_names(self) -> bool:
        """Whether no text is empty, and none is there twice."""
        if self.ascii is None:
            return len(set(self.strings)) == len(self) and "" not in self.strings
        if not (self.ascii != b"").all():
            return False
        # Different numbers are of different texts; where two are the same, the texts decide.
        return len(np.unique(_numbers(self.ascii))) == len(self) or len(set(self.ascii.tolist())) == len(self)

    def prefixed(self) -> Iterator[bytes]:
        """Yields all texts in UTF-8, one after the other, the length of each before it as 8 bytes."""
        for start in range(0, len(self), _AT_ONCE):
            if self.ascii is None:
                encoded = map(str.encode, self.strings[start : start + _AT_ONCE])
                yield b"".join(struct.pack("<q", len(one)) + one for one in encoded)
            else:
                yield _prefixed(self.ascii[start : start + _AT_ONCE])


def read_texts(file: h5py.File, key: str, error: type[DataFileError], count: int) -> TextColumn:
    """The texts at `key`, (count,). Raises `error` naming the file and the key, as `read_strings` does."""
    found = read_text_bytes(file, key, error, count)
    if found is not None and found.itemsize <= _WIDEST and (not found.size or _letters(found).max() < 128):
        return TextColumn(found)
    return TextColumn(read_strings(file, key, error, count))


def _letters(texts: NDArray[np.bytes_]) -> NDArray[np.uint8]:
    """The bytes of texts (n,), uint8 (n, length)."""
    return np.ascontiguousarray(texts).view(np.uint8).reshape(len(texts), -1)


def _prefixed(texts: NDArray[np.bytes_]) -> bytes:
    letters = _letters(texts)
    length = np.where(letters.any(1), letters.shape[1] - (letters[:, ::-1] != 0).argmax(1), 0)  # zeros fill up
    whole = np.concatenate([length.astype("<i8").view(np.uint8).reshape(-1, 8), letters], axis=1)
    return whole[np.arange(whole.shape[1]) < 8 + length[:, None]].tobytes()


def _numbers(texts: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    """A number of each text, the same for the same text and seldom for another one."""
    width = -(-texts.itemsize // 8) * 8
    words = np.ascontiguousarray(texts.astype(f"S{width}")).view(np.uint64).reshape(len(texts), -1)
    found = np.zeros(len(texts), np.uint64)
    for column in words.T:
        found = (found ^ column) * np.uint64(0x9E3779B97F4A7C15)
        found ^= found >> np.uint64(29)
    return found
