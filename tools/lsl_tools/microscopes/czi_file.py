"""CZI, the format of Zeiss's ZEN, through libCZI (pylibCZIrw), which gives blue first, in a process of its own."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.czi_process import CziProcess
from lsl_tools.microscopes.libraries import needs, told_plainly
from lsl_tools.microscopes.photograph import check_size
from lsl_tools.microscopes.scene_path import scene_names
from lsl_tools.microscopes.stack import Channel, Stack
from lsl_tools.microscopes.xml_text import children, first, number, parse_xml, whole_number

__all__ = ["open_czi"]

_WHITE, _BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
_IMAGE: Final = ("Metadata", "Information", "Image")
_LARGEST: Final = 0.001  # m: no microscope has larger pixels
_SPLIT_BYTES: Final = b"\x03\x01\x01\x28\xb5\x2f\xfd"
"""How pixels begin that are packed with zstd after low and high bytes were parted, as ZEN packs 16 bits."""
_MISREADS: Final = (5, 1)
"""From this version on pylibCZIrw reads 16-bit colours that are packed so wrong, without an error."""


_PROCESS: Final = CziProcess()


@contextmanager
def open_czi(path: Path) -> Iterator[CziFile]:
    """Opens a CZI. Raises ImageError, or OSError."""
    if find_spec("pylibCZIrw") is None:
        raise needs("a CZI", "pylibCZIrw", "czi")
    path.open("rb").close()  # whether it can be read
    with told_plainly("a CZI"):
        described, _ = _PROCESS.ask(path=str(path.absolute()))
        yield CziFile(path, described)


class CziFile:
    """An open CZI; a scene is a part of the slide, or of a plate."""

    def __init__(self, path: Path, described: Mapping[str, Any]) -> None:
        self._path = path
        self._scenes: list[list[Any]] = described["scenes"]
        """The number of each scene, None where the file has none, and where it lies: x, y, width, height."""
        self._lengths: dict[str, int] = described["lengths"]
        self._kinds: list[str] = described["kinds"]
        self._described = parse_xml(described["xml"])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the scenes, as ZEN calls them (P1, P2, …), else their numbers from 1."""
        listed = children(self._described, *_IMAGE, "Dimensions", "S", "Scenes", "Scene")
        named = {whole_number(scene.get("Index"), -1): scene.get("Name", "") for scene in listed}
        return scene_names([named.get(-1 if scene is None else scene, "") for scene, *_ in self._scenes])

    def stack(self, place: int) -> Stack:
        """The scene at a place."""
        if self._misread():
            raise ImageError(
                f"has 16-bit colours, packed in a way that pylibCZIrw {version('pylibCZIrw')} reads wrong: "
                "pip install 'pylibCZIrw<5.1', or save it without packing"
            )
        scene, *where = self._scenes[place]
        size = (where[3], where[2])

        def plane(places: Mapping[str, int]) -> NDArray[Any]:
            check_size(size)
            colour = "Bgr" in self._kinds[places.get("C", 0)]
            ground = _WHITE if colour else _BLACK
            asked = {"scene": scene, "where": where, "plane": dict(places), "ground": ground}
            header, pixels = _PROCESS.ask(path=str(self._path.absolute()), **asked)
            values = np.frombuffer(pixels, header["dtype"]).reshape(header["shape"])
            return values[..., ::-1] if colour else values[..., 0]

        pixel_size, remarks = self._pixel_size
        return Stack(size, self._lengths, plane, self._channels, bits=self._bits, pixel_size=pixel_size,
                     remarks=remarks)  # fmt: skip

    @cached_property
    def _channels(self) -> tuple[Channel, ...]:
        listed = children(self._described, *_IMAGE, "Dimensions", "Channels", "Channel")
        return tuple(Channel(channel.get("Name", "")) for channel in listed)

    @cached_property
    def _bits(self) -> int:
        stated = first(self._described, *_IMAGE, "ComponentBitCount")
        return 0 if stated is None else whole_number(stated.text)

    @cached_property
    def _pixel_size(self) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
        """In µm; the file tells metres, and pylibCZIrw's own writer whatever it was given as µm."""
        items = children(self._described, "Metadata", "Scaling", "Items", "Distance")
        metres = {item.get("Id"): number(value.text) for item in items for value in children(item, "Value")}
        height, width = metres.get("Y", math.nan), metres.get("X", math.nan)
        if not (height > 0 and width > 0):
            return None, ()
        if max(height, width) < _LARGEST:
            return (height * 1e6, width * 1e6), ()
        writer = first(self._described, "Metadata", "Information", "Application", "Name")
        if writer is not None and writer.text == "pylibCZIrw":
            return (height, width), (f"pixels of {width:g} m, which pylibCZIrw wrote: taken as µm",)
        return None, (f"pixels of {width:g} m: their size is not kept",)

    def _misread(self) -> bool:
        """Whether the installed pylibCZIrw would give other colours than the file holds."""
        installed = tuple(int(part) for part in version("pylibCZIrw").split(".")[:2] if part.isdigit())
        if "Bgr48" not in self._kinds or installed < _MISREADS:
            return False
        with self._path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(_SPLIT_BYTES) >= 0
