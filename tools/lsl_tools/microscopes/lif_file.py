"""LIF, the format of Leica's LAS X, through liffile."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.libraries import needs, told_plainly
from lsl_tools.microscopes.photograph import check_size
from lsl_tools.microscopes.scene_path import scene_names
from lsl_tools.microscopes.stack import Channel, Stack
from lsl_tools.microscopes.xml_text import Element, children, first, number, whole_number

if TYPE_CHECKING:
    from liffile import LifFile, LifImage

__all__ = ["open_lif"]

_DESCRIBED: Final = ("Data", "Image", "ImageDescription")
_X, _Y = "1", "2"  # DimID
_TILES: Final = "M"
_COLOURS: Final = {"1": (255, 0, 0), "2": (0, 255, 0), "3": (0, 0, 255)}
"""What ChannelTag says of the channels of a colour camera."""


@contextmanager
def open_lif(path: Path) -> Iterator[OpenLif]:
    """Opens a LIF. Raises ImageError, or OSError."""
    try:
        import liffile
    except ImportError:
        raise needs("a LIF", "liffile", "lif") from None
    with path.open("rb") as stream, told_plainly("a LIF"), liffile.LifFile(stream) as file:
        if file.type != liffile.LifFileType.LIF:
            raise ImageError("is of Leica's formats one whose pixels lie in other files: save it as LIF or OME-TIFF")
        yield OpenLif(file)


class OpenLif:
    """An open LIF; a scene is an image of its, or a tile of one that is a mosaic."""

    def __init__(self, file: LifFile) -> None:
        images = list(_images(file, file.xml_element, ""))
        self._scenes = [
            (image, tile) for image in images if {"Y", "X"} <= image.sizes.keys()
            for tile in range(image.sizes.get(_TILES, 1))
        ]  # fmt: skip
        if not self._scenes:
            raise ImageError("is a LIF without a picture")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the images as LAS X calls them, with their folders, and the numbers of tiles from 1."""
        return scene_names([
            f"{image.path}/{tile + 1}" if _TILES in image.sizes else image.path for image, tile in self._scenes
        ])  # fmt: skip

    def stack(self, place: int) -> Stack:
        """The scene at a place."""
        image, tile = self._scenes[place]
        sizes = dict(image.sizes)

        def plane(places: Mapping[str, int]) -> NDArray[Any]:
            check_size((sizes["Y"], sizes["X"]))
            wanted = {axis: place for axis, place in places.items() if axis in sizes}
            return _plane(image, {**wanted, **({_TILES: tile} if _TILES in sizes else {})})

        described = [
            channel.attrib for channel in children(image.xml_element, *_DESCRIBED, "Channels", "ChannelDescription")
        ]
        colours = [_COLOURS.get(channel.get("ChannelTag", "")) for channel in described]
        return Stack(
            (sizes["Y"], sizes["X"]),
            {axis: length for axis, length in sizes.items() if axis not in ("Y", "X", "S", _TILES)},
            plane,
            _channels(image.xml_element, colours),
            in_colour=None not in colours and len(set(colours)) == len(_COLOURS),
            bits=max((whole_number(channel.get("Resolution")) for channel in described), default=0),
            pixel_size=_pixel_size(image.xml_element),
        )


def _images(file: LifFile, above: Element, path: str) -> Iterator[LifImage]:
    """The images with their folders; LifFile.images would keep one of several that are called the same."""
    import liffile

    inner = above if path or above.tag == "Element" else first(above, "Element")
    for element in children(inner, "Children", "Element"):
        name = f"{path}/{element.get('Name', '')}".lstrip("/")
        if first(element, "Data", "Image") is not None:
            yield liffile.LifImage(file, element, name)
        yield from _images(file, element, name)


def _plane(image: Any, places: dict[str, int]) -> NDArray[Any]:
    """The values at the places, (H, W) or (H, W, 3) in RGB, which liffile sees to."""
    frames = image.frames
    if set(frames.frame_sizes) - {"S"} != {"Y", "X"}:
        raise ImageError(f"has planes along {''.join(frames.frame_sizes)}, expected Y and X: save it as OME-TIFF")
    values = image.frame(**places)
    order = [frames.frame_dims.index(axis) for axis in ("Y", "X", "S") if axis in frames.frame_dims]
    return np.asarray(values).transpose(order)


def _channels(image: Element, colours: list[tuple[int, int, int] | None]) -> tuple[Channel, ...]:
    """The dye of each channel, else the colour that it is shown in."""
    listed = list(children(image, *_DESCRIBED, "Channels", "ChannelDescription"))
    return tuple(Channel(_dye(channel) or channel.get("LUTName", ""), colour)
                 for channel, colour in zip(listed, colours, strict=True))  # fmt: skip


def _dye(channel: Element) -> str:
    properties = {
        key.text: value.text
        for each in children(channel, "ChannelProperty")
        for key, value in zip(children(each, "Key"), children(each, "Value"), strict=False)
    }
    return properties.get("DyeName") or ""


def _pixel_size(image: Element) -> tuple[float, float] | None:
    listed = children(image, *_DESCRIBED, "Dimensions", "DimensionDescription")
    steps = {dimension.get("DimID"): _step(dimension) for dimension in listed if dimension.get("Unit") == "m"}
    height, width = (steps.get(axis, math.nan) * 1e6 for axis in (_Y, _X))
    return None if math.isnan(height + width) else (height, width)


def _step(dimension: Element) -> float:
    """From one pixel to the next, in metres: the length is that between the middles of the first and the last."""
    return abs(number(dimension.get("Length"))) / max(whole_number(dimension.get("NumberOfElements")) - 1, 1)
