"""Which Zarr arrays are opened: plain numbers, packed in ways that only unpack, in chunks that fit into memory."""

from __future__ import annotations

import math
from typing import Any, Final

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.zarr_node import ZarrNode, check_files

__all__ = ["check_array"]

_BYTES: Final = {
    "bool": 1,
    **{f"{kind}{8 * size}": size for kind in ("uint", "int", "float") for size in (1, 2, 4, 8)},
    **{f"{order}{kind}{size}": size for order in "<>|" for kind in "uif" for size in (1, 2, 4, 8)},
}
"""Kinds of numbers, as version 3 and version 2 write them, and how long each is."""
_PACKINGS: Final = frozenset({
    "adler32", "blosc", "bytes", "bz2", "crc32", "crc32c", "delta", "fixedscaleoffset", "fletcher32", "gzip", "lz4",
    "lzma", "shuffle", "transpose", "zlib", "zstd",
})  # fmt: skip
"""Those that make bytes of bytes: none runs what a file says, as `pickle` does."""
_SHARDED: Final = "sharding_indexed"
_MOST_BYTES: Final = 1 << 30


def check_array(node: ZarrNode) -> tuple[int, ...]:
    """The shape of an array that may be opened. Raises ImageError for any other."""
    described = node.described or {}
    kind = described.get("data_type", described.get("dtype"))
    if not isinstance(kind, str) or kind not in _BYTES:
        raise ImageError(f"holds no plain numbers ({str(kind)[:40]})")
    packings = _packings(described)
    odd = next((name for name in packings if name.removeprefix("numcodecs.") not in {*_PACKINGS, _SHARDED}), "")
    if odd:
        raise ImageError(f"is packed with {odd[:40]!r}, which is not read: write it again with zstd, blosc or gzip")
    shape, chunk = _lengths(described.get("shape")), _chunk(described)
    if not shape or len(chunk) != len(shape):
        raise ImageError("is damaged, or cut into chunks of a kind that cannot be read")
    most = math.prod(chunk) * _BYTES[kind]
    if most > _MOST_BYTES:
        raise ImageError(f"is cut into chunks of {most / 1e9:.1f} GB, at most {_MOST_BYTES / 1e9:.1f} are read")
    check_files(node.folder, None if _SHARDED in packings else most)
    return shape


def _lengths(value: object) -> tuple[int, ...]:
    lengths = value if isinstance(value, list) else []
    return tuple(lengths) if all(type(side) is int and side > 0 for side in lengths) else ()


def _chunk(described: dict[str, Any]) -> tuple[int, ...]:
    """The shape of what is unpacked at once: a chunk, or within a shard an inner chunk."""
    if "chunks" in described:
        return _lengths(described["chunks"])
    for codec in _objects(described.get("codecs")):
        if codec.get("name") == _SHARDED:
            return _lengths(_configuration(codec).get("chunk_shape"))
    grid = described.get("chunk_grid")
    return _lengths(_configuration(grid).get("chunk_shape")) if isinstance(grid, dict) else ()


def _packings(described: dict[str, Any]) -> list[str]:
    """The names of all codecs, those inside of shards too."""
    if "codecs" not in described:
        return [
            str(each.get("id")) for each in _objects([described.get("compressor")]) + _objects(described.get("filters"))
        ]
    names = []
    for codec in _objects(described["codecs"]):
        inside = _configuration(codec)
        names.append(str(codec.get("name")))
        for part in ("codecs", "index_codecs"):
            names += _packings({"codecs": inside[part]}) if part in inside else []
    return names


def _objects(value: object) -> list[dict[str, Any]]:
    """A list of objects; what is none of these would be read as a name by the library, so it stays to be refused."""
    listed = value if isinstance(value, list) else []
    return [each if isinstance(each, dict) else {"name": each, "id": each} for each in listed if each is not None]


def _configuration(described: dict[str, Any]) -> dict[str, Any]:
    found = described.get("configuration")
    return found if isinstance(found, dict) else {}
