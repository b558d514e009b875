"""What the directories of a TIFF say about its picture: which pages hold it, and how its pixels are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from lsl_shared.errors import ImageError
from lsl_tools.pictures.tiff_channels import Stack, channel_order, read_stack
from lsl_tools.pictures.tiff_directories import Directory, read_directories

__all__ = ["TiffHeader", "TiffPage", "read_tiff_header"]

_KIND, _OLD_KIND, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 255, 256, 257, 258, 259, 262
_DESCRIPTION, _ORIENTATION, _SAMPLES, _PLANAR, _TILE_WIDTH, _INK_SET = 270, 274, 277, 284, 322, 332
_SUB_DIRECTORIES, _EXTRA_SAMPLES, _SAMPLE_FORMAT, _PROFILE = 330, 338, 339, 34675
_REDUCED, _MASK, _OLD_REDUCED = 1, 4, 2
_MOST_DESCRIPTION = 1 << 20


@dataclass(frozen=True)
class TiffPage:
    """The tags of a page that decide its pixels, by their names in TIFF 6.0; `bits` and `formats` one a sample."""

    height: int
    width: int
    bits: tuple[int, ...]
    samples: int
    compression: int
    photometric: int
    planar: int
    formats: tuple[int, ...]
    extra: tuple[int, ...]
    ink_set: int
    tiled: bool

    @property
    def grey(self) -> bool:
        """Whether it has one sample that tells how bright a pixel is."""
        return self.samples == 1 and self.photometric in (0, 1)


@dataclass(frozen=True)
class TiffHeader:
    """Where a TIFF holds its picture: page `place`, from 0, of which `page` tells, among `pages` of full size.

    `together`: 3 where red, green and blue lie in this page and the two after it; `series` where the file describes its
    pages as a stack that only tifffile takes apart. `order` tells which channel is red, green and blue.
    """

    page: TiffPage
    place: int
    pages: int
    orientation: int
    profile: bytes
    together: int = 1
    series: bool = False
    order: tuple[int, int, int] = (0, 1, 2)
    lines: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the picture as stored; `lines`: each page is a line of it."""
        return (self.pages, self.page.height) if self.lines else (self.page.height, self.page.width)


def read_tiff_header(stream: BinaryIO) -> TiffHeader:
    """Reads the header of a TIFF. Raises ImageError, or struct.error, OverflowError or OSError for a damaged file."""
    places: list[int] = []
    kept: list[Directory] = []
    smaller = last = None
    for place, directory in enumerate(read_directories(stream)):
        last = directory
        if not _is_reduced(directory):
            places.append(place)
            kept += [directory] if len(places) <= 3 else []
        elif place == 0:
            smaller = directory
    if not kept:  # one page that calls itself reduced is the picture; a camera's raw file has the picture elsewhere
        places, kept = [0], [_only(smaller)]
    header = _header(kept, places)
    if header.series and last is not None and last.following:
        raise ImageError("has pages that run in a circle, or more than 10,000")
    return header


def _only(smaller: Directory | None) -> Directory:
    if smaller is None:
        raise ImageError("holds no picture")
    if smaller.numbers(_SUB_DIRECTORIES):
        raise ImageError("holds a preview only: a camera's raw file? Develop it to a TIFF or PNG")
    return smaller


def _header(first: Sequence[Directory], places: Sequence[int]) -> TiffHeader:
    main = first[0]
    pages = [_page(directory) for directory in first]
    described = main.text(_DESCRIPTION, _MOST_DESCRIPTION)
    stack = read_stack(described, len(places)) if described else Stack()
    if stack.elsewhere:
        raise ImageError("is one of several files of an OME-TIFF: join them with Fiji or bfconvert")
    alike = len(set(pages)) == 1 and pages[0].grey and places[:3] == list(range(places[0], places[0] + 3))
    together = 3 if stack.channels == 3 and not stack.series and len(pages) == 3 and alike else 1
    order, remarks = channel_order(main, described) if stack.channels == 3 else ((0, 1, 2), ())
    return TiffHeader(
        page=pages[0],
        place=places[0],
        pages=max(len(places), stack.images),
        orientation=main.number(_ORIENTATION, 1),
        profile=main.text(_PROFILE),
        together=together,
        series=stack.series,
        lines=stack.lines,
        order=order,
        remarks=remarks,
    )


def _is_reduced(directory: Directory) -> bool:
    return bool(directory.number(_KIND) & (_REDUCED | _MASK)) or directory.number(_OLD_KIND) == _OLD_REDUCED


def _page(directory: Directory) -> TiffPage:
    samples = directory.number(_SAMPLES, 1)
    return TiffPage(
        height=directory.number(_HEIGHT),
        width=directory.number(_WIDTH),
        bits=directory.numbers(_BITS) or (1,),
        samples=samples,
        compression=directory.number(_COMPRESSION, 1),
        photometric=directory.number(_PHOTOMETRIC, -1),
        planar=directory.number(_PLANAR, 1),
        formats=directory.numbers(_SAMPLE_FORMAT) or (1,),
        extra=directory.numbers(_EXTRA_SAMPLES),
        ink_set=directory.number(_INK_SET, 1),
        tiled=bool(directory.number(_TILE_WIDTH)),
    )
