"""What the OME-XML of a TIFF says of each image: its name, its channels, how long a pixel is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from lsl_tools.microscopes.stack import Channel
from lsl_tools.microscopes.xml_text import Element, children, first, number, parse_xml, whole_number

__all__ = ["OmeImage", "read_ome_xml"]

_MICROMETRES: Final = {
    "pm": 1e-6, "Å": 1e-4, "nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6, "in": 25_400.0,
}  # fmt: skip


@dataclass(frozen=True)
class OmeImage:
    """An image that the XML describes; `files` are the names of those that hold its pixels, as far as they are told."""

    name: str = ""
    channels: tuple[Channel, ...] = ()
    samples: int = 1
    """Colours that lie together in each channel."""
    bits: int = 0
    pixel_size: tuple[float, float] | None = None
    files: frozenset[str] = frozenset()


def read_ome_xml(described: bytes) -> tuple[OmeImage, ...]:
    """The images that a TIFF's description tells of; none where it is no OME-XML. Raises ImageError."""
    if b"<OME" not in described[:4096] and b":OME" not in described[:4096]:
        return ()
    root = parse_xml(described.rstrip(b"\0 \r\n"))
    return tuple(_image(image) for image in children(root, "Image"))


def _image(image: Element) -> OmeImage:
    pixels = first(image, "Pixels")
    if pixels is None:
        return OmeImage(image.get("Name", ""))
    channels = list(children(pixels, "Channel"))
    return OmeImage(
        image.get("Name", ""),
        tuple(Channel(channel.get("Name", ""), _colour(channel.get("Color"))) for channel in channels),
        max((whole_number(channel.get("SamplesPerPixel"), 1) for channel in channels), default=1),
        whole_number(pixels.get("SignificantBits")),
        _pixel_size(pixels),
        frozenset(uuid.get("FileName", "") for uuid in children(pixels, "TiffData", "UUID")),
    )


def _pixel_size(pixels: Element) -> tuple[float, float] | None:
    sides = []
    for axis in ("Y", "X"):
        unit = _MICROMETRES.get(pixels.get(f"PhysicalSize{axis}Unit", "µm"), math.nan)
        sides.append(number(pixels.get(f"PhysicalSize{axis}")) * unit)
    return (sides[0], sides[1]) if sides[0] > 0 and sides[1] > 0 else None


def _colour(text: str | None) -> tuple[int, int, int] | None:
    """From red, green, blue and alpha in one number with a sign."""
    if not text or not text.lstrip("-").isdigit() or len(text) > 12:
        return None
    whole = int(text) & 0xFFFFFFFF
    return whole >> 24, whole >> 16 & 255, whole >> 8 & 255
