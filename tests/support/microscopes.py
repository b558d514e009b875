"""Small LIF and ND2 files, written after what is known of the formats: no library writes them.

LIF: "LAS AF / LAS X Image File Format Description". ND2: chunks as NIS-Elements 5 writes them, version 3.0.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from numpy.typing import NDArray

__all__ = ["LifImage", "write_lif", "write_nd2"]

Level = dict[str, "bool | int | float | str | Level"]


@dataclass(frozen=True)
class LifImage:
    """`values` along `axes`, of which the last vary fastest; S are the colours blue, green, red of one pixel."""

    name: str
    values: NDArray[Any]
    axes: str
    channels: Sequence[str] = ()
    """Names of dyes, one a channel."""
    tags: Sequence[int] = ()
    """0 grey, 1 red, 2 green, 3 blue, one a channel."""
    bits: int = 8
    pixel: float = 0.0
    """Metres."""


def write_lif(path: Path, images: Sequence[LifImage]) -> Path:
    """Writes a LIF of version 2: the description, then the pixels of each image."""
    elements = "".join(_lif_element(image, place) for place, image in enumerate(images))
    xml = (
        f'<LMSDataContainerHeader Version="2"><Element Name="{path.name}" UniqueID="1">'
        f"<Children>{elements}</Children></Element></LMSDataContainerHeader>"
    ).encode("utf-16-le")
    content = struct.pack("<IIBI", 0x70, len(xml) + 5, 0x2A, len(xml) // 2) + xml
    for place, image in enumerate(images):
        name, data = f"MemBlock_{place}".encode("utf-16-le"), image.values.tobytes()
        content += struct.pack("<IIBQBI", 0x70, len(name) + 14, 0x2A, len(data), 0x2A, len(name) // 2) + name + data
    path.write_bytes(content)
    return path


def _lif_element(image: LifImage, place: int) -> str:
    steps = dict(zip(image.axes, image.values.strides, strict=True))
    lengths = dict(zip(image.axes, image.values.shape, strict=True))
    axis = "S" if "S" in lengths else "C"
    count = lengths.get(axis, 1)
    tags = image.tags or ((3, 2, 1) if axis == "S" else (0,) * count)
    names = (*image.channels, *[""] * count)[:count]
    channels = "".join(
        f'<ChannelDescription DataType="0" ChannelTag="{tag}" Resolution="{image.bits}" NameOfMeasuredQuantity="" '
        f'Min="0" Max="1" Unit="" LUTName="{("Gray", "Red", "Green", "Blue")[tag]}" IsLUTInverted="0" '
        f'BytesInc="{number * steps.get(axis, 0)}" BitInc="0"><ChannelProperty><Key>DyeName</Key>'
        f"<Value>{name}</Value></ChannelProperty></ChannelDescription>"
        for number, (tag, name) in enumerate(zip(tags, names, strict=True))
    )
    numbers = {"X": 1, "Y": 2, "Z": 3, "T": 4, "M": 10}
    dimensions = "".join(
        f'<DimensionDescription DimID="{numbers[letter]}" NumberOfElements="{length}" Origin="0" '
        f'Length="{image.pixel * (length - 1)}" Unit="m" BitInc="0" BytesInc="{steps[letter]}"/>'
        for letter, length in lengths.items()
        if letter in numbers
    )
    return (
        f'<Element Name={quoteattr(image.name)} UniqueID="{place}"><Data><Image><ImageDescription>'
        f"<Channels>{channels}</Channels><Dimensions>{dimensions}</Dimensions></ImageDescription></Image></Data>"
        f'<Memory Size="{image.values.nbytes}" MemoryBlockID="MemBlock_{place}"/></Element>'
    )


@dataclass
class _Chunks:
    content: bytes = b""
    places: list[tuple[bytes, int, int]] = field(default_factory=list)

    def add(self, name: bytes, data: bytes, reserved: int = 0) -> None:
        self.content += bytes(-len(self.content) % 4096)
        self.places.append((name, len(self.content), len(data)))
        named = name.ljust(reserved or len(name), b"\0")
        self.content += struct.pack("<IIQ", 0x0ABECEDA, len(named), len(data)) + named + data


def write_nd2(
    path: Path,
    frames: NDArray[Any],
    *,
    channels: Sequence[str] = ("Brightfield",),
    positions: Sequence[str] = (),
    planes: int = 1,
    bits: int = 8,
    pixel: float = 0.0,
    packed: bool = False,
) -> Path:
    """Writes an ND2 of frames (N, H, W, components): positions outside, planes inside; in RGB the order is B, G, R.

    `pixel` is in µm; a frame of three components under one channel is in colour.
    """
    _, height, width, components = frames.shape
    chunks = _Chunks()
    chunks.add(b"ND2 FILE SIGNATURE CHUNK NAME01!", b"Ver3.0".ljust(64, b"\0"))
    attributes: Level = {
        "uiWidth": width, "uiWidthBytes": width * components * frames.itemsize, "uiHeight": height,
        "uiComp": components, "uiBpcInMemory": 8 * frames.itemsize, "uiBpcSignificant": bits,
        "uiSequenceCount": len(frames), "eCompression": 0 if packed else 2, "dCompressionParam": 0.0,
    }  # fmt: skip
    chunks.add(b"ImageAttributesLV!", _level("SLxImageAttributes", attributes))
    each = components // len(channels)
    listed: Level = {f"a{place}": {"uiCompCount": each, "sDescription": name, "pFluorescentProbe": {"m_sName": ""}}
                     for place, name in enumerate(channels)}  # fmt: skip
    picture: Level = {
        "bCalibrated": pixel > 0, "dCalibration": pixel,
        "sPicturePlanes": {"uiCount": len(channels), "uiCompCount": components, "sPlaneNew": listed},
    }  # fmt: skip
    chunks.add(b"ImageMetadataSeqLV|0!", _level("SLxPictureMetadata", picture))
    experiment = _experiment(positions, planes)
    if experiment:
        chunks.add(b"ImageMetadataLV!", _level("SLxExperiment", experiment))
    for place, frame in enumerate(frames):
        data = frame.tobytes()
        chunks.add(f"ImageDataSeq|{place}!".encode(), bytes(8) + (zlib.compress(data) if packed else data), 4072)
    listing = b"".join(name + struct.pack("<QQ", start, length) for name, start, length in chunks.places)
    start = len(chunks.content) + -len(chunks.content) % 4096
    chunks.add(
        b"ND2 FILEMAP SIGNATURE NAME 0001!", listing + b"ND2 CHUNK MAP SIGNATURE 0000001!" + struct.pack("<Q", start)
    )
    path.write_bytes(chunks.content)
    return path


def _experiment(positions: Sequence[str], planes: int) -> Level:
    depth: Level = {"eType": 4, "uLoopPars": {"uiCount": planes, "dZStep": 1.0}} if planes > 1 else {}
    if not positions:
        return depth
    points: Level = {
        f"p{place}": {"dPosX": float(place), "dPosY": 0.0, "dPosZ": 0.0, "dPosName": name}
        for place, name in enumerate(positions)
    }
    return {"eType": 2, "uLoopPars": {"Points": points}, **({"ppNextLevelEx": {"a0": depth}} if depth else {})}


def _level(name: str, values: Mapping[str, Any]) -> bytes:
    """A level of the description, in what nd2 calls the lite variant."""
    content = b"".join(_value(key, value) for key, value in values.items())
    start = struct.pack("BB", 11, len(name) + 1) + (name + "\0").encode("utf-16-le")
    length = len(start) + 12 + len(content)
    return start + struct.pack("<IQ", len(values), length) + content + bytes(8 * len(values))


def _value(name: str, value: object) -> bytes:
    if isinstance(value, Mapping):
        return _level(name, value)
    kinds = {bool: (1, "<?"), int: (3, "<I"), float: (6, "<d")}
    kind, layout = kinds.get(type(value), (8, ""))
    start = struct.pack("BB", kind, len(name) + 1) + (name + "\0").encode("utf-16-le")
    return start + (struct.pack(layout, value) if layout else (str(value) + "\0").encode("utf-16-le"))
