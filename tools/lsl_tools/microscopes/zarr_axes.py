"""What the axes of a Zarr array are called, how long a pixel is along them, and what channels there are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.stack import Channel
from lsl_tools.microscopes.zarr_node import ZarrNode

__all__ = ["ZarrImage", "describe"]

_SPOKEN: Final = {"HEIGHT": "Y", "ROW": "Y", "WIDTH": "X", "COLUMN": "X", "CHANNEL": "C", "TIME": "T", "DEPTH": "Z"}
_BY_TYPE: Final = {"channel": "C", "time": "T"}
_OLDEST: Final = "TCZYX"
_MICROMETRES: Final = {
    "angstrom": 1e-4, "picometer": 1e-6, "nanometer": 1e-3, "micrometer": 1.0, "micron": 1.0, "µm": 1.0, "μm": 1.0,
    "um": 1.0, "nm": 1e-3, "millimeter": 1e3, "mm": 1e3, "centimeter": 1e4, "meter": 1e6, "m": 1e6, "inch": 25_400.0,
}  # fmt: skip


@dataclass(frozen=True)
class ZarrImage:
    """The array of the finest level with its axes: single letters where they are known, else as they are called."""

    array: ZarrNode
    axes: tuple[str, ...]
    channels: tuple[Channel, ...] = ()
    pixel_size: tuple[float, float] | None = None
    """Height and width in µm."""
    remarks: tuple[str, ...] = ()


def describe(node: ZarrNode) -> ZarrImage:
    """The finest level of an OME-Zarr image, or a bare array whose axes are named. Raises ImageError."""
    return _bare(node) if node.is_array else _multiscale(node)


def _bare(node: ZarrNode) -> ZarrImage:
    names = (node.described or {}).get("dimension_names") or node.attributes.get("_ARRAY_DIMENSIONS")
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        shape = "×".join(str(side) for side in (node.described or {}).get("shape", ()))
        raise ImageError(
            f"is a bare Zarr array of {shape} values without names of its axes: write it as OME-Zarr, "
            "or with dimension_names y, x and c"
        )
    return ZarrImage(node, tuple(_letter(name, "") for name in names))


def _multiscale(node: ZarrNode) -> ZarrImage:
    scales = node.ome["multiscales"]
    try:
        first, level = scales[0], scales[0]["datasets"][0]
        axes = first.get("axes") or list(_OLDEST)
        named = tuple(_letter(*_name_and_type(axis)) for axis in axes)
        array = node.below(level["path"])
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ImageError("is damaged: its OME metadata do not say where its pixels are") from None
    more = (f"{len(scales)} multiscales: the first is taken",) if len(scales) > 1 else ()
    size = _pixel_size(axes, named, [level, first])
    return ZarrImage(array, named, _channels(node.ome.get("omero")), size, more)


def _name_and_type(axis: object) -> tuple[str, str]:
    if isinstance(axis, dict):
        return str(axis["name"]), str(axis.get("type", ""))
    return str(axis), ""


def _letter(name: str, kind: str) -> str:
    """X, Y, Z, C, T or S where an axis is one of these, else its own name."""
    upper = name.upper().removesuffix("S") if len(name) > 1 else name.upper()
    known = _SPOKEN.get(upper, upper)
    return known if known in ("X", "Y", "Z", "C", "T", "S") else _BY_TYPE.get(kind, name)


def _pixel_size(axes: list[Any], named: tuple[str, ...], transformed: list[Any]) -> tuple[float, float] | None:
    """In µm, where the unit of both axes is told: the scales of the level and of all levels, multiplied."""
    sides = []
    for letter in ("Y", "X"):
        place = named.index(letter) if letter in named else -1
        unit = axes[place].get("unit") if place >= 0 and isinstance(axes[place], dict) else None
        scales = [scale[place] for scale in map(_scale, transformed) if len(scale) == len(named)]
        if not isinstance(unit, str) or unit.lower() not in _MICROMETRES or not scales:
            return None
        side = _MICROMETRES[unit.lower()]
        for scale in scales:
            side *= scale
        sides.append(side)
    return sides[0], sides[1]


def _scale(described: Any) -> list[float]:
    """The scale that a level's transformations state; none where they state none."""
    for transformation in described.get("coordinateTransformations") or ():
        scale = transformation.get("scale") if isinstance(transformation, dict) else None
        if isinstance(scale, list) and all(isinstance(side, int | float) for side in scale):
            return scale
    return []


def _channels(omero: object) -> tuple[Channel, ...]:
    listed = omero.get("channels") if isinstance(omero, dict) else None
    if not isinstance(listed, list):
        return ()
    return tuple(
        Channel(str(each.get("label") or ""), _colour(each.get("color"))) if isinstance(each, dict) else Channel()
        for each in listed
    )


def _colour(text: object) -> tuple[int, int, int] | None:
    if not isinstance(text, str) or not re.fullmatch("#?[0-9a-fA-F]{6}", text):
        return None
    whole = int(text.removeprefix("#"), 16)
    return whole >> 16, whole >> 8 & 255, whole & 255
