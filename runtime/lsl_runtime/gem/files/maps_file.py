"""The file of genomewide expression maps, gems.h5: one group a class or term, of one store and one model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.build.landmark_map import LandmarkMap
from lsl_shared.errors import GemError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.hdf5 import read_dataset
from lsl_shared.files.marks import mark
from lsl_shared.files.new_hdf5 import written_hdf5
from lsl_shared.files.opening import open_file
from lsl_shared.files.output_file import check_writable

__all__ = ["GEMS", "check_folder", "gems_folder", "picture_path", "read_gem", "safe_name", "write_gems"]

GEMS = "gems.h5"
_FORMAT, _VERSION = "lsl-gems", 1
_REMEDY = "`lsl-gem STORE --stage S` makes one; move this away or choose --out"
_PLANES = ("gem", "masked_gem", "embryo", "band", "masked_band")
_TEXTS = ("stage", "task", "mode", "view", "model", "model_digest", "store_fingerprint")
_OPTIONAL = {"selection": "", "kind": "class"}
_LANDMARKS = {"landmark_map": "mean", "landmark_p": "p"}
"""The keys of a landmark map, and what of it they hold."""
_COUNTS = ("n_images", "n_genes", "n_empty")


def gems_folder(store: str | Path) -> Path:
    """Where the maps of a store lie unless told otherwise: the folder store.gems beside store.h5."""
    return Path(store).with_suffix(".gems")


def picture_path(folder: str | Path, task: str, name: str) -> Path:
    """Where the picture of a class or term lies: stage-9.png, cv_terms-brain.png."""
    return Path(folder) / f"{task}-{safe_name(name)}.png"


def check_folder(folder: str | Path) -> None:
    """Raises GemError where maps cannot be written because something else stands there."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise GemError(folder, "is a file; choose a folder for --out")
    check_writable(folder / GEMS, GemError, "choose another folder for --out")
    if (folder / GEMS).exists():
        open_file(folder / GEMS, _FORMAT, _VERSION, GemError, _REMEDY).close()


def write_gems(folder: str | Path, gems: Sequence[Gem]) -> list[tuple[str, str]]:
    """Writes maps of one store and model into gems.h5 of a folder; the file is rewritten in one piece.

    Maps of other classes stay where store and model are the same.

    Args:
        folder: The folder; it is made where there is none.
        gems: The maps, at least one.

    Returns:
        Task and class or term of the maps that were dropped, because they are of another store or model.

    Raises:
        GemError: A gems.h5 is there that is not one of ours.

    Example:
        >>> from lsl_runtime import build_gems, write_gems
        >>> write_gems("maps", build_gems("store.h5", ["4", "9"]))
        []
    """
    path = Path(folder) / GEMS
    old = open_file(path, _FORMAT, _VERSION, GemError, _REMEDY) if path.exists() else None
    try:
        with atomic_path(path) as temporary, written_hdf5(temporary) as (file, _):
            mark(file, _FORMAT, _VERSION)
            dropped = _keep(old, file, gems) if old is not None else []
            for gem in gems:
                _write(file.create_group(f"{gem.task}_{safe_name(gem.stage)}"), gem)
    finally:
        if old is not None:
            old.close()
    return dropped


def read_gem(path: str | Path, stage: str, task: str = "") -> Gem:
    """Reads the map of one class or term from a gems.h5, without its samples.

    Args:
        path: The file.
        stage: The class or term.
        task: The task that it belongs to, where several have maps of that name; '' where one has.

    Returns:
        The map, as it was written.

    Raises:
        GemError: The file is missing, foreign or damaged, or has no such map, or several.

    Example:
        >>> from lsl_runtime import build_gems, read_gem, write_gems
        >>> dropped = write_gems("maps", build_gems("store.h5", ["4", "9"]))
        >>> read_gem("maps/gems.h5", "9").stage
        '9'
    """
    with open_file(path, _FORMAT, _VERSION, GemError, _REMEDY) as file:
        name = _found(file, path, stage, task)

        def read(key: str) -> np.ndarray:
            shape = (2, None, None) if key.endswith("band") else (None, None)
            return np.asarray(read_dataset(file, f"{name}/{key}", GemError, dtype="f", shape=shape)[...])

        try:
            attributes = file[name].attrs
            entries: dict[str, Any] = {key: str(attributes[key]) for key in _TEXTS}
            entries |= {key: int(attributes[key]) for key in _COUNTS}
        except (KeyError, ValueError) as problem:
            raise GemError(path, f"damaged ({problem}). {_REMEDY}", name) from None
        entries |= {key: str(attributes.get(key, usual)) for key, usual in _OPTIONAL.items()} | {"masked_gem": None}
        entries |= {key: read(key) for key in _PLANES if key in file[name] or key in ("gem", "embryo")}
        if "landmark_map" in file[name]:
            entries["mask"] = str(attributes.get("mask", ""))
            entries["landmark_map"] = LandmarkMap(**{part: read(key) for key, part in _LANDMARKS.items()})
        return Gem(**entries)


def _write(group: h5py.Group, gem: Gem) -> None:
    for key in _PLANES:
        if (plane := getattr(gem, key)) is not None:
            group.create_dataset(key, data=plane, compression="gzip")
    if gem.landmark_map is not None:
        group.attrs["mask"] = gem.mask
        for key, part in _LANDMARKS.items():
            group.create_dataset(key, data=getattr(gem.landmark_map, part), compression="gzip")
    for key in (*_TEXTS, *_COUNTS, *_OPTIONAL):
        group.attrs[key] = getattr(gem, key)


def _keep(old: h5py.File, file: h5py.File, gems: Sequence[Gem]) -> list[tuple[str, str]]:
    """Copies the groups of the same store and model that are not written anew; returns what the others are of."""
    same = (gems[0].store_fingerprint, gems[0].model_digest)
    anew, dropped = {(gem.task, gem.stage) for gem in gems}, []
    for name, group in old.items():
        if (group.attrs.get("store_fingerprint"), group.attrs.get("model_digest")) != same:
            dropped.append(_of(group))
        elif _of(group) not in anew:
            old.copy(group, file, name)
    return dropped


def _found(file: h5py.File, path: str | Path, name: str, task: str) -> str:
    """The name of the group that holds a map. Raises GemError where there is none, or several."""
    held = {key: _of(group) for key, group in file.items()}
    keys: list[str] = [key for key, (of, label) in held.items() if label == name and task in ("", of)]
    if not keys:
        listed = ", ".join(label for _, label in held.values())
        raise GemError(path, f"no map of {task or 'stage'} {name!r}; there are: {listed or 'none'}")
    if len(keys) > 1:
        raise GemError(path, f"maps of {name!r} in {', '.join(held[key][0] for key in keys)}: name the task")
    return keys[0]


def _of(group: h5py.Group) -> tuple[str, str]:
    """The task, and the class or term, of a group."""
    return str(group.attrs.get("task", "stage")), str(group.attrs.get("stage", group.name.strip("/")))


def safe_name(name: str) -> str:
    """A class name fit for files and HDF5 keys, on systems that do not tell capitals apart as well.

    One that is changed, or might be taken for another, carries a hash, so that no two become the same.
    """
    plain = re.sub(r"[^A-Za-z0-9.-]", "_", name)[:60]
    if re.fullmatch(r"[a-z0-9.-]{1,60}", name) and not re.search(r"-[0-9a-f]{8}$", name):
        return name
    return f"{plain}-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:8]}"
