"""Pictures written by tifffile, OpenCV, Pillow, libvips and by hand in every way they offer, with known truth."""

from __future__ import annotations

from collections.abc import Iterator

from picture_grid.written import Way

__all__ = ["WRITERS", "ways_of"]

WRITERS = ("tifffile", "opencv", "pillow", "libvips", "hand")


def ways_of(writer: str) -> Iterator[Way]:
    """All ways in which one of the WRITERS writes a picture. Raises ImportError where it is not installed."""
    if writer == "tifffile":
        from picture_grid.by_tifffile import ways
    elif writer == "opencv":
        from picture_grid.by_opencv import ways
    elif writer == "pillow":
        from picture_grid.by_pillow import ways
    elif writer == "libvips":
        from picture_grid.by_libvips import ways
    else:
        from picture_grid.by_hand import ways
    return ways()
