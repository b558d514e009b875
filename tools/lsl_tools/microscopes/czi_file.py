"""CZI, the format of Zeiss's ZEN, through libCZI (pylibCZIrw), which gives blue first."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.libraries import needs, told_plainly
from lsl_tools.microscopes.photograph import check_size
from lsl_tools.microscopes.scene_path import scene_names
from lsl_tools.microscopes.stack import Channel, Stack
from lsl_tools.microscopes.xml_text import Element, children, first, number, parse_xml, whole_number

if TYPE_CHECKING:
    from pylibCZIrw.czi import CziReader, Rectangle

__all__ = ["open_czi"]

_WHITE, _BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
_IMAGE: Final = ("Metadata", "Information", "Image")
_LARGEST: Final = 0.001  # m: no microscope has larger pixels
_SPLIT_BYTES: Final = b"\x03\x01\x01\x28\xb5\x2f\xfd"
"""How pixels begin that are packed with zstd after low and high bytes were parted, as ZEN packs 16 bits."""
_MISREADS: Final = (5, 1)
"""From this version on pylibCZIrw reads 16-bit colours that are packed so wrong, without an error."""


@contextmanager
def open_czi(path: Path) -> Iterator[CziFile]:
    """Opens a CZI. Raises ImageError, or OSError."""
    try:
        from pylibCZIrw.czi import open_czi as opened
    except ImportError:
        raise needs("a CZI", "pylibCZIrw", "czi") from None
    path.open("rb").close()  # whether it can be read
    with told_plainly("a CZI"), opened(str(path.absolute())) as document:
        yield CziFile(path, document)


class CziFile:
    """An open CZI; a scene is a part of the slide, or of a plate."""

    def __init__(self, path: Path, document: CziReader) -> None:
        self._path, self._document = path, document

    @cached_property
    def _described(self) -> Element:
        return parse_xml(self._document.raw_metadata)

    @cached_property
    def _scenes(self) -> tuple[tuple[int | None, Rectangle], ...]:
        """The number of each scene and where it lies; (None, …) where the file has no scenes."""
        found = self._document.scenes_bounding_rectangle_no_pyramid
        return tuple(sorted(found.items())) or ((None, self._document.total_bounding_rectangle_no_pyramid),)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the scenes, as ZEN calls them (P1, P2, …), else their numbers from 1."""
        listed = children(self._described, *_IMAGE, "Dimensions", "S", "Scenes", "Scene")
        named = {whole_number(scene.get("Index"), -1): scene.get("Name", "") for scene in listed}
        return scene_names([named.get(-1 if number is None else number, "") for number, _ in self._scenes])

    def stack(self, place: int) -> Stack:
        """The scene at a place."""
        scene, where = self._scenes[place]
        kinds = self._document.pixel_types
        if self._misread(set(kinds.values())):
            raise ImageError(
                f"has 16-bit colours, packed in a way that pylibCZIrw {version('pylibCZIrw')} reads wrong: "
                "pip install 'pylibCZIrw<5.1', or save it without packing"
            )

        def plane(places: Mapping[str, int]) -> NDArray[Any]:
            check_size((where.h, where.w))
            colour = "Bgr" in kinds.get(places.get("C", 0), "")
            ground = _WHITE if colour else _BLACK
            read = self._document.read(roi=where, plane=dict(places), scene=scene, background_pixel=ground)
            values = np.asarray(read)
            return values[..., ::-1] if colour else values[..., 0]

        box = self._document.total_bounding_box
        lengths = {axis: ends[1] - ends[0] for axis, ends in box.items() if axis not in "YX"}
        pixel_size, remarks = self._pixel_size
        return Stack((where.h, where.w), lengths, plane, self._channels, bits=self._bits, pixel_size=pixel_size,
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

    def _misread(self, kinds: set[str]) -> bool:
        """Whether the installed pylibCZIrw would give other colours than the file holds."""
        installed = tuple(int(part) for part in version("pylibCZIrw").split(".")[:2] if part.isdigit())
        if "Bgr48" not in kinds or installed < _MISREADS:
            return False
        with self._path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(_SPLIT_BYTES) >= 0
