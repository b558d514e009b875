"""Annotations of version 2 against version 1, for 36,908 images: how large the files are, how long reading takes.

    python tools/bench/annotation_versions.py store.annotations.h5 [IMAGES] [ROUNDS]

The file given holds saliency and features. Its rows are repeated, chunk by chunk, and written in both versions: version
1 has bool sets, features in float16, texts of variable length. The file is in the cache of the system while it is read.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import h5py
import numpy as np
from timing import in_turns

from lsl_runtime.annotation.bulk import write_chunks
from lsl_shared import Annotations
from lsl_shared.files.annotations import ANNOTATIONS_FORMAT
from lsl_shared.files.texts import write_texts

_TEXTS, _BULK, _EARLIER = ("id", "error"), ("saliency", "features"), {"uint8": np.bool_, "float32": np.float16}


def enlarged(given: h5py.File, target: Path, images: int, version: int) -> None:
    """The annotations `given`, their rows again and again, in a file of that version."""
    with h5py.File(target, "w", track_order=True) as file:
        file.attrs.update(given.attrs)
        file.attrs["format"], file.attrs["version"] = ANNOTATIONS_FORMAT, version
        given.visititems(lambda name, item: _add(file, name, item, images, version))


def _add(file: h5py.File, name: str, item: Any, images: int, version: int) -> None:
    if isinstance(item, h5py.Group):
        file.create_group(name).attrs.update(item.attrs)
    elif name in _TEXTS:
        texts = [f"insitu{row}" if name == "id" else "" for row in range(images)]
        if version == 2:
            write_texts(file, name, texts)
        else:
            file.create_dataset(name, data=texts, dtype=h5py.string_dtype())
    elif name in _BULK:
        _add_bulk(file, name, item, images, version)
    elif not name.endswith("withheld"):
        kind = _kind(name, item, version)
        file.create_dataset(name, data=np.resize(item[...], (images, *item.shape[1:])).astype(kind))


def _add_bulk(file: h5py.File, name: str, item: h5py.Dataset, images: int, version: int) -> None:
    """Maps or features: as `bulk` writes them, in version 1 without shuffle."""
    made = file.create_dataset(
        name, (images, *item.shape[1:]), _kind(name, item, version), chunks=item.chunks, compression="gzip",
        compression_opts=1, shuffle=item.shuffle and version == 2,
    )  # fmt: skip
    made.attrs.update(item.attrs)
    values = item[: len(item) // item.chunks[0] * item.chunks[0]].astype(made.dtype)
    write_chunks(made, values)
    rows, inner = item.chunks[0], (0,) * (item.ndim - 1)
    stored = [made.id.read_direct_chunk((row, *inner))[1] for row in range(0, len(values), rows)]
    for place, row in enumerate(range(0, images, rows)):
        made.id.write_direct_chunk((row, *inner), stored[place % len(stored)])


def _kind(name: str, item: h5py.Dataset, version: int) -> Any:
    changed = name.endswith(("prediction_set", "chosen")) or name == "features"
    return _EARLIER[str(item.dtype)] if version == 1 and changed else item.dtype


def read_columns(path: Path) -> None:
    """Opens the file and reads all that is not maps or features."""
    with Annotations(path) as found:
        for task in found.tasks:
            found.class_index(task), found.probability(task), found.probabilities(task), found.prediction_set(task)


def read_features(path: Path) -> None:
    """Reads all features, 256 images at a time."""
    with Annotations(path) as found:
        for start in range(0, len(found), 256):
            found.features(start, start + 256)


def read_maps(path: Path) -> None:
    """Reads all maps, 256 images at a time."""
    with Annotations(path) as found:
        for start in range(0, len(found), 256):
            found.saliency(start, start + 256)


def main(source: Path, images: int = 36908, rounds: int = 5) -> None:
    """Writes both files, and tells sizes and times."""
    with tempfile.TemporaryDirectory() as folder, h5py.File(source) as given:
        paths = {version: Path(folder) / f"version-{version}.h5" for version in (1, 2)}
        for version, path in paths.items():
            enlarged(given, path, images, version)
        sizes = {version: path.stat().st_size for version, path in paths.items()}
        bulk = {version: _bulk_bytes(path) for version, path in paths.items()}
        print(f"{images} images, {given['features'].shape[1]} features")
        print("file size, version 1 and 2:", *sizes.values(), f"x {sizes[2] / sizes[1]:.3f}")
        for part in _BULK:
            alone = {version: sizes[version] - bulk[version][part] for version in paths}
            print(f"the same without {part}:", *alone.values(), f"x {alone[2] / alone[1]:.3f}")
        for read, times in ((read_columns, rounds), (read_features, rounds), (read_maps, 2)):
            work = {str(version): partial(read, path) for version, path in paths.items()}
            found = {name: median(one.processor for one in each) for name, each in in_turns(work, times, 1).items()}
            told = ", ".join(f"version {name} {seconds:.3f} s" for name, seconds in found.items())
            print(f"{read.__name__}: {told} of processor time, x {found['2'] / found['1']:.2f}")


def _bulk_bytes(path: Path) -> dict[str, int]:
    with h5py.File(path) as file:
        return {name: int(file[name].id.get_storage_size()) for name in _BULK}


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
