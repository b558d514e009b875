"""Photographs by their paths, whatever holds them: picture files, and the scenes of microscopes' files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.formats import format_of
from lsl_tools.microscopes.ome_tiff_file import is_taken_apart, ome_images, open_ome_tiff
from lsl_tools.microscopes.photograph import photograph_of
from lsl_tools.microscopes.scene_path import file_and_scene
from lsl_tools.microscopes.stack import Scenes, Stack
from lsl_tools.pictures.image_header import read_header
from lsl_tools.pictures.picture_file import picture_bytes, picture_stream
from lsl_tools.pictures.read_image import Picture, decode_image

__all__ = ["is_microscopes", "photograph_size", "read_photograph", "scenes_of"]

_ONE_PICTURE: Final = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".bmp", ".dib")
"""Not looked into, since a folder may hold a hundred thousand of them."""


def is_microscopes(path: Path) -> bool:
    """Whether a path leads to a microscope's file that is there, or to a scene in one."""
    file, scene = file_and_scene(path)
    if not file.exists():
        return False
    return bool(scene) or format_of(file) is not None or (file.is_file() and bool(ome_images(file)))


def scenes_of(path: Path) -> tuple[str, ...]:
    """The names of the scenes in a file; one '' for a picture. Raises ImageError, or OSError."""
    if _is_one_picture(path):
        return ("",)
    known = format_of(path)
    if known is not None:
        with known.open(path) as scenes:
            return scenes.names
    images = ome_images(path)
    if len(images) < 2:
        return ("",)
    with open_ome_tiff(path) as scenes:
        return scenes.names


def read_photograph(path: Path, channel: str = "", enough: int | None = None) -> Picture:
    """A photograph, `path` with '#' and a scene where a file holds several.

    `channel` names the one to take of files that have several. A JPEG may come reduced, with `enough` pixels along its
    longer side: see `decode_image`. Raises ImageError, or OSError.
    """
    if _is_one_picture(path):
        return decode_image(picture_bytes(path), enough)
    with _scene(path, channel) as stack:
        if stack is not None:
            return photograph_of(stack, channel)
    picture = decode_image(picture_bytes(path))
    images = ome_images(path)
    return replace(picture, pixel_size=images[0].pixel_size) if images else picture


def photograph_size(path: Path) -> tuple[int, int]:
    """(H, W) of a photograph as it is shown, without its pixels. Raises ImageError, or OSError."""
    if not _is_one_picture(path):
        with _scene(path, "") as stack:
            if stack is not None:
                return stack.size
    with picture_stream(path) as stream:
        return read_header(stream).shown_size


def _is_one_picture(path: Path) -> bool:
    return path.name.lower().endswith(_ONE_PICTURE) and "#" not in str(path)


@contextmanager
def _scene(path: Path, channel: str) -> Iterator[Stack | None]:
    """The scene that a path leads to; None where it leads to a picture file."""
    file, scene = file_and_scene(path)
    known = format_of(file)
    if known is not None:
        with known.open(file) as scenes:
            yield _named(scenes, scene)
    elif scene or is_taken_apart(ome_images(file), channel):
        with open_ome_tiff(file) as scenes:
            yield _named(scenes, scene)
    else:
        yield None


def _named(scenes: Scenes, name: str) -> Stack:
    if name in scenes.names:
        return scenes.stack(scenes.names.index(name))
    if not name:
        return scenes.stack(0)
    raise ImageError(f"has no scene {name!r}; its scenes: {', '.join(scenes.names[:20])}")
