"""Photographs that were set aside become images after all: a row more in every column of the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np

from lsl_shared.errors import StoreError
from lsl_shared.files.store_labels import NOT_ANNOTATED, TERMS_KIND
from lsl_shared.files.texts import write_texts
from lsl_tools.review.rejects import REJECTS, Reject, read_rejects, restandardized
from lsl_tools.review.turns import TURNS
from lsl_tools.standardize.orientation import Orienter
from lsl_tools.standardize.photograph import Standardized
from lsl_tools.standardize.report import rejects_path
from lsl_tools.standardize.transform import QUALITY

__all__ = ["write_decisions", "write_taken"]

TAKE: Final = "take "
_COLUMNS = ("samples", "labels", "transform", "truth")


def write_decisions(file: h5py.File, made: dict[str, tuple[str, str]]) -> None:
    """Keeps decisions, file → (decision, who), in `transform/rejects`."""
    known = {str(row[0]): list(row) for row in file[REJECTS].asstr()[...]} if REJECTS in file else {}
    known |= {name: [name, decision, who] for name, (decision, who) in made.items()}
    rows = np.array([row for row in known.values() if row[1]], object).reshape(-1, 3)
    if REJECTS in file:
        del file[REJECTS]
    file.create_dataset(REJECTS, data=rows, dtype=h5py.string_dtype())


def write_taken(file: h5py.File, store: Path, folder: Path | None, made: dict[str, tuple[str, str]]) -> int:
    """Adds the photographs that are taken, file → (decision, who), below `folder`; how many were added.

    One that is an image of the store already stays as it is. Raises StoreError or ConfigError where one cannot be read.
    """
    sources = {str(text) for text in file["samples/source"].asstr()[...]} if "samples/source" in file else set()
    listed = {one.file: one for one in read_rejects(rejects_path(store))}
    taken = [
        (listed[name], decision, who)
        for name, (decision, who) in made.items()
        if decision.startswith(TAKE) and name in listed and name not in sources
    ]
    orienter = Orienter.load(threads=1) if taken else None
    size = file["images"].shape[1:3]
    for reject, decision, who in taken:
        result = restandardized(folder, reject.file, size, orienter).result
        if result is None or result.image is None:
            raise StoreError(store, f"{reject.file} cannot be taken: no embryo was found in it")
        flip_x, flip_y = TURNS[decision.removeprefix(TAKE)]
        _add(file, reject, result.turned(flip_x, flip_y, result.probabilities, []), who, folder)
    return len(taken)


def _add(file: h5py.File, reject: Reject, result: Standardized, who: str, folder: Path | None) -> None:
    """Adds one image, and its row in every column."""
    images = file["images"]
    count = len(images)
    if images.maxshape[0] is not None:
        raise StoreError(Path(file.filename), "its images cannot grow: make the store again with lsl-store", "images")
    images.resize(count + 1, axis=0)
    images[count] = result.image
    values = _values(reject, result, who, folder)
    for key, stored in list(_columns(file, count)):
        _grow(file, key, stored, values.get(key))


def _values(reject: Reject, result: Standardized, who: str, folder: Path | None) -> dict[str, Any]:
    """What is known of the new image, by the key of its column."""
    pose, found = result.pose, result.found
    assert pose is not None and found is not None
    scores = (found.support, found.fit, found.area, found.border, found.rival, found.aspect, *result.probabilities)
    assert len(scores) == len(QUALITY)
    return {
        "samples/id": reject.id or reject.file, "samples/gene": reject.gene, "samples/source": reject.file,
        "samples/pixel_size": (np.nan, np.nan), "transform/rotation": pose.rotation, "transform/box": pose.box,
        "transform/flips": (pose.flip_x, pose.flip_y), "transform/scale": pose.scale, "transform/quality": scores,
        "transform/photograph": str((folder or Path()) / reject.file), "transform/flags": "; ".join(result.flags),
        "transform/decision": "right", "transform/decided_by": who,
    }  # fmt: skip


def _columns(file: h5py.File, count: int) -> Iterator[tuple[str, h5py.Dataset]]:
    """The columns that have a row an image."""
    for group in _COLUMNS:
        for name, stored in file.get(group, {}).items():
            whole = isinstance(stored, h5py.Dataset) and stored.shape[:1] == (count,)
            if whole and f"{group}/{name}" != REJECTS:
                yield f"{group}/{name}", stored


def _grow(file: h5py.File, key: str, stored: h5py.Dataset, value: Any) -> None:
    """Adds a row to a column: `value`, or what says that nothing is known."""
    if stored.maxshape[0] is None:
        stored.resize(len(stored) + 1, axis=0)
        return
    is_text = h5py.check_string_dtype(stored.dtype) is not None
    old = stored.asstr()[...].astype(object) if is_text else stored[...]
    row = np.full((1, *old.shape[1:]), _unknown(key, stored, is_text), old.dtype)
    if value is not None:
        row[0] = value
    attributes = dict(stored.attrs)
    del file[key]
    longer = np.concatenate([old, row])
    if is_text:
        write_texts(file, key, map(str, longer))
    else:
        file.create_dataset(key, data=longer)
    file[key].attrs.update(attributes)


def _unknown(key: str, stored: h5py.Dataset, is_text: bool) -> Any:
    if is_text:
        return ""
    if key.startswith("labels/"):
        return NOT_ANNOTATED if stored.attrs.get("kind") == TERMS_KIND else -1
    return -1 if key.startswith("truth/") and stored.dtype.kind == "i" else 0
