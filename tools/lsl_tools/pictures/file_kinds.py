"""What a file is, by its first bytes, and by its name where those do not tell: pictures that are read, and others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from lsl_tools.pictures.bmp_header import HEADER_LENGTHS
from lsl_tools.pictures.tiff_directories import MAGIC

__all__ = [
    "IMAGE_SUFFIXES",
    "MICROSCOPE_CURE",
    "START",
    "OtherKind",
    "is_surely_picture",
    "note_on_others",
    "other_kind",
    "picture_kind",
    "what_it_is",
]

IMAGE_SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".bmp", ".dib", ".tif", ".tiff", ".btf", ".tf8", ".lsm"}
)
"""Names that promise a picture; what is behind them and none is told."""
START: Final = 160
"""Bytes from the start of a file that tell its kind."""


@dataclass(frozen=True)
class OtherKind:
    """A kind of picture that is not read, and what to do about it."""

    name: str
    cure: str

    @property
    def told(self) -> str:
        """A reason for leaving a file of it out."""
        return f"is not a PNG, JPEG, BMP or TIFF file but {self.name}: {self.cure}"


_PICTURE = "save it as PNG or TIFF"
MICROSCOPE_CURE: Final = "save it as OME-TIFF with Fiji (Bio-Formats) or bfconvert"
"""What to do with a microscope's file that is not read."""
_RAW = "develop it to a TIFF or PNG"

_SIGNATURES: Final = (
    (8, b"WEBP", OtherKind("WebP", _PICTURE)),
    (0, b"GIF8", OtherKind("GIF", _PICTURE)),
    (0, b"\0\0\0\x0cjP  ", OtherKind("JPEG 2000", _PICTURE)),
    (0, b"\xff\x4f\xff\x51", OtherKind("JPEG 2000", _PICTURE)),
    (0, b"\0\0\0\x0cJXL ", OtherKind("JPEG XL", _PICTURE)),
    (0, b"\xff\x0a", OtherKind("JPEG XL", _PICTURE)),
    (0, b"II\xbc", OtherKind("JPEG XR", _PICTURE)),
    *((4, b"ftyp" + brand, OtherKind("AVIF", _PICTURE)) for brand in (b"avif", b"avis")),
    *((4, b"ftyp" + brand, OtherKind("HEIC", _PICTURE)) for brand in (b"hei", b"hev", b"mif1", b"msf1")),
    (4, b"ftypcrx", OtherKind("a camera's raw file (CR3)", _RAW)),
    (0, b"8BPS", OtherKind("Photoshop's format", _PICTURE)),
    (0, b"gimp xcf", OtherKind("GIMP's format", _PICTURE)),
    (0, b"v/1\x01", OtherKind("OpenEXR", _PICTURE)),
    (0, b"#?RADIANCE", OtherKind("Radiance HDR", _PICTURE)),
    (0, b"qoif", OtherKind("QOI", _PICTURE)),
    (0, b"SIMPLE  =", OtherKind("FITS", _PICTURE)),
    (128, b"DICM", OtherKind("DICOM", _PICTURE)),
    (0, b"NRRD000", OtherKind("NRRD", _PICTURE)),
    (0, b"ZISRAWFILE", OtherKind("CZI", "let its name end in .czi")),
    (0, b"\xda\xce\xbe\x0a", OtherKind("ND2", "let its name end in .nd2")),
    (0, b"FUJIFILMCCD-RAW", OtherKind("a camera's raw file (RAF)", _RAW)),
    *((0, start, OtherKind("a camera's raw file (ORF)", _RAW)) for start in (b"IIRO", b"IIRS", b"MMOR")),
    (0, b"IIU\0", OtherKind("a camera's raw file (RW2)", _RAW)),
)
_CALLED_BY_ENDING = "gif avif qoi tga pcx ico ppm pgm pbm pnm pam fits nrrd"
_PICTURE_NAMES: Final = {
    "WebP": "webp",
    "JPEG 2000": "jp2 j2k j2c jpx jpf jpc",
    "JPEG XL": "jxl",
    "JPEG XR": "jxr wdp",
    "HEIC": "heic heif hif",
    "Photoshop's format": "psd psb",
    "GIMP's format": "xcf",
    "DICOM": "dcm",
    "OpenEXR": "exr",
    **{ending.upper(): ending for ending in _CALLED_BY_ENDING.split()},
}
_MICROSCOPE_ENDINGS = (
    "lof xlef ets oib oif oir ims dv r3d dm3 dm4 mrc mvd2 sld sldy ipw stk bif mrxs vms flex cxd lei ics ids"
)
_IN_PYTHON: Final = {
    "zvi": "slideio",
    "vsi": "slideio or bioio-vsi",
    "svs": "slideio",
    "ndpi": "slideio",
    "scn": "slideio",
}
"""Libraries that read a format without Java, beside those that are used here."""
_ZIPPED: Final = ".ozx"
_RAW_ENDINGS = "cr2 cr3 nef nrw arw srf sr2 dng orf rw2 raf pef srw 3fr iiq x3f dcr kdc"
_ENDINGS: Final = {
    **{f".{end}": OtherKind(name, _PICTURE) for name, ends in _PICTURE_NAMES.items() for end in ends.split()},
    **{f".{end}": OtherKind(end.upper(), MICROSCOPE_CURE) for end in _MICROSCOPE_ENDINGS.split()},
    **{
        f".{end}": OtherKind(end.upper(), f"{MICROSCOPE_CURE}, or read it in Python with {library}")
        for end, library in _IN_PYTHON.items()
    },
    _ZIPPED: OtherKind("a zipped OME-Zarr", "unzip it into a folder whose name ends in .zarr"),
    **{f".{end}": OtherKind(f"a camera's raw file ({end.upper()})", _RAW) for end in _RAW_ENDINGS.split()},
}
_NOT_BY_CONTENT: Final = frozenset({".vsi", *(f".{ending}" for ending in _RAW_ENDINGS.split())})
"""They begin as a TIFF, which holds a preview only."""


def picture_kind(start: bytes) -> str | None:
    """PNG, JPEG, BMP or TIFF by a file's first bytes; None for anything else."""
    if start[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if start[:2] == b"BM":
        return "BMP"
    if start[:3] == b"\xff\xd8\xff":
        return "JPEG"
    return "TIFF" if start[:4] in MAGIC else None


def other_kind(name: str, start: bytes) -> OtherKind | None:
    """The kind of a file that is not read, by its first bytes, else by its name; None where it is no such picture."""
    ending = _ZIPPED if name.lower().endswith(".zarr.zip") else PurePath(name).suffix.lower()
    by_name = _ENDINGS.get(ending)
    if ending in _NOT_BY_CONTENT:
        return by_name
    if is_surely_picture(start):
        return None
    return (None if by_name and by_name.cure.startswith(MICROSCOPE_CURE) else _by_signature(start)) or by_name


def is_surely_picture(start: bytes) -> bool:
    """Whether a file that is read as a picture begins so: also a text may begin with the letters of a BMP."""
    kind = picture_kind(start)
    return kind is not None and (kind != "BMP" or int.from_bytes(start[14:18], "little") in HEADER_LENGTHS)


def what_it_is(start: bytes) -> str:
    """Why a file that begins so is not read as a picture."""
    other = _by_signature(start)
    if other is not None:
        return other.told
    return f"is not a PNG, JPEG, BMP or TIFF file (it begins with {start[:8]!r})" if start else "is empty"


def note_on_others(others: Iterable[OtherKind]) -> str:
    """One sentence on files that were left out because of their kind, with their counts and what to do."""
    counts = Counter(other.name for other in others)
    named = ", ".join(f"{name} ({count})" for name, count in sorted(counts.items()))
    cure = f"save pictures as PNG or TIFF, microscopes' files {MICROSCOPE_CURE.removeprefix('save it ')}"
    return f"{sum(counts.values())} file(s) of kinds that are not read were left out: {named}; {cure}"


def _by_signature(start: bytes) -> OtherKind | None:
    return next((kind for place, mark, kind in _SIGNATURES if start[place : place + len(mark)] == mark), None)
