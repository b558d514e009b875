"""CZI by pylibCZIrw, Zeiss's own library: colours of 8 and 16 bits, unpacked and packed, scenes and channels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microscope_writers.written import CHANNELS, Writer, Written

__all__ = ["WRITER"]

_SPLIT = "zstd1:ExplicitLevel=9;PreProcess=HiLoByteUnpack"
"""As ZEN packs 16 bits: low and high bytes apart."""
_METRES = 0.65e-6


def _write(folder: Path, picture: NDArray[np.uint8]) -> Iterator[Written]:
    blue_first = np.ascontiguousarray(picture[..., ::-1])
    deep = blue_first.astype(np.uint16) * 257
    for name, values, packing in (
        ("bgr24.czi", blue_first, "uncompressed:"),
        ("bgr24-zstd0.czi", blue_first, "zstd0:ExplicitLevel=9"),
        ("bgr24-zstd1.czi", blue_first, "zstd1:ExplicitLevel=9"),
        ("bgr48.czi", deep, "uncompressed:"),
        ("bgr48-zstd1.czi", deep, "zstd1:ExplicitLevel=9"),
        ("bgr48-zstd1-split.czi", deep, _SPLIT),
    ):
        _czi(folder / name, {(0, 0): values}, packing)
        yield Written(name)
    _czi(folder / "scenes.czi", {(scene, 0): blue_first for scene in range(3)}, "zstd1:ExplicitLevel=9")
    yield Written("scenes.czi", scenes=3)
    channels = {(scene, channel): picture[..., channel : channel + 1] for scene in range(2) for channel in range(3)}
    _czi(folder / "channels.czi", channels, "zstd1:ExplicitLevel=9", dict(enumerate(CHANNELS)))
    yield Written("channels.czi", scenes=2, expected="third")


def _czi(
    path: Path, parts: dict[tuple[int, int], NDArray[Any]], packing: str, names: dict[int, str] | None = None
) -> None:
    """Writes the parts, by scene and channel."""
    from pylibCZIrw import czi

    path.unlink(missing_ok=True)
    with czi.create_czi(str(path), compression_options=packing) as document:
        for (scene, channel), values in parts.items():
            document.write(values, plane={"C": channel, "T": 0, "Z": 0}, scene=scene, location=(scene * 200, 0))
        document.write_metadata("photograph", channel_names=names, scale_x=_METRES, scale_y=_METRES)


WRITER = Writer("pylibCZIrw", _write)
