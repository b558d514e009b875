"""Colour profiles (ICC): not applied, but told where they are other than sRGB."""

from __future__ import annotations

import struct

from lsl_shared.wording import printable

__all__ = ["profile_remarks"]

_TAGS, _ENTRY, _MOST_TAGS, _MOST_NAME = 128, 12, 100, 60
_SRGB = ("srgb", "iec61966-2", "iec 61966-2", "sgray", "sgrey")
_SHORT_SRGB = ("c2", "sp3c", "sgry")  # what sites that shrink pictures call their versions of it


def profile_remarks(profile: bytes) -> tuple[str, ...]:
    """What to tell of a profile: nothing of sRGB, nor where there is none."""
    name = _name(profile)
    known = any(part in name.lower() for part in _SRGB) or name.lower() in _SHORT_SRGB
    if not profile or known:
        return ()
    return (f"colours by the profile “{name[:_MOST_NAME] or 'without a name'}”, which are taken as sRGB",)


def _name(profile: bytes) -> str:
    """The description that a profile carries, '' where there is none."""
    try:
        (count,) = struct.unpack_from(">I", profile, _TAGS)
        for place in range(_TAGS + 4, _TAGS + 4 + _ENTRY * min(count, _MOST_TAGS), _ENTRY):
            tag, start, size = struct.unpack_from(">4sII", profile, place)
            if tag == b"desc":
                return printable(_text(profile[start : start + size])).strip("? ")
    except struct.error:  # cut off
        pass
    return ""


def _text(described: bytes) -> str:
    """The text of ICC's version 2 (`desc`: ASCII) or 4 (`mluc`: UTF-16 in several languages, of which the first)."""
    if described[:4] == b"mluc":
        size, start = struct.unpack_from(">II", described, 20)
        return described[start : start + size].decode("utf-16-be", "replace")
    (size,) = struct.unpack_from(">I", described, 8)
    return described[12 : 12 + size].split(b"\0")[0].decode("latin-1")
