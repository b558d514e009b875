"""The scenes of a Zarr folder: an image, the series of a bioformats2raw folder, the fields of a plate, bare arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.zarr_node import ZarrNode

__all__ = ["find_images"]

_MOST = 100_000
_NONE = "is a Zarr group without OME metadata, and without arrays: no image"


def find_images(node: ZarrNode) -> tuple[ZarrNode, ...]:
    """The images in a group, or the array itself. Raises ImageError where there is none."""
    found = []
    for image in _images(node, depth=0):
        found.append(image)
        if len(found) > _MOST:
            raise ImageError(f"holds more than {_MOST:,} images")
    if not found:
        raise ImageError(_NONE)
    return tuple(found)


def _images(node: ZarrNode, depth: int) -> Iterator[ZarrNode]:
    described = node.ome
    if node.is_array or _listed(described, "multiscales"):
        yield node
    elif _listed(described.get("plate"), "wells"):
        for well in _listed(described["plate"], "wells"):
            yield from _images(node.below(well.get("path")), depth + 1)
    elif _listed(described.get("well"), "images"):
        for field in _listed(described["well"], "images"):
            yield from _images(node.below(field.get("path")), depth + 1)
    elif depth < 3:
        yield from _series(node, depth)


def _series(node: ZarrNode, depth: int) -> Iterator[ZarrNode]:
    """Those of a bioformats2raw folder, in the order that it states; else all groups and arrays in the folder."""
    children = [child for child in node.children() if child.folder.name != "OME"]
    stated = _stated(node)
    if stated and depth == 0:
        for path in stated:
            yield from _images(node.below(path), depth + 1)
        return
    groups = [child for child in children if not child.is_array]
    for child in groups or children:
        yield from _images(child, depth + 1)


def _stated(node: ZarrNode) -> list[str]:
    """The series that the group OME of a bioformats2raw folder lists."""
    described = next((child for child in node.children() if child.folder.name == "OME"), None)
    series = described.ome.get("series") if described is not None else None
    return [path for path in series if isinstance(path, str)] if isinstance(series, list) else []


def _listed(described: object, name: str) -> list[dict[str, Any]]:
    """A list of objects in a description; none where it is something else."""
    found = described.get(name) if isinstance(described, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
