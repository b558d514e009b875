"""The file of genomewide expression maps, gems.h5: one group a stage, of one store and one model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lsl_runtime.gem.maps import Gem
from lsl_shared.atomic import atomic_path
from lsl_shared.errors import GemError
from lsl_shared.hdf5 import open_file, read_dataset

__all__ = ["GEMS", "check_folder", "gems_folder", "picture_path", "read_gem", "safe_name", "write_gems"]

GEMS = "gems.h5"
_FORMAT, _VERSION = "lsl-gems", 1
_REMEDY = "`lsl-gem STORE --stage S` makes one; move this away or choose --out"
_PLANES = ("gem", "masked_gem", "embryo", "band", "masked_band")
_TEXTS = ("stage", "task", "mode", "view", "model", "model_digest", "store_fingerprint")
_COUNTS = ("n_images", "n_genes", "n_empty")


def gems_folder(store: str | Path) -> Path:
    """Where the maps of a store lie unless told otherwise: the folder store.gems beside store.h5."""
    return Path(store).with_suffix(".gems")


def picture_path(folder: str | Path, stage: str) -> Path:
    """Where the picture of a stage lies."""
    return Path(folder) / f"stage-{safe_name(stage)}.png"


def check_folder(folder: str | Path) -> None:
    """Raises GemError where maps cannot be written because something else stands there."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise GemError(folder, "is a file; choose a folder for --out")
    if (folder / GEMS).exists():
        open_file(folder / GEMS, _FORMAT, _VERSION, GemError, _REMEDY).close()


def write_gems(folder: str | Path, gems: Sequence[Gem]) -> list[str]:
    """Writes maps of one store and model into gems.h5 of `folder`, which is rewritten in one piece.

    Groups of other stages stay where store and model are the same. Returns the stages that were dropped because they
    belong to another store or model. Raises GemError where something else stands there.
    """
    path = Path(folder) / GEMS
    old = open_file(path, _FORMAT, _VERSION, GemError, _REMEDY) if path.exists() else None
    try:
        with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
            file.attrs["format"], file.attrs["version"] = _FORMAT, _VERSION
            dropped = _keep(old, file, gems) if old is not None else []
            for gem in gems:
                _write(file.create_group(_group(gem.stage)), gem)
    finally:
        if old is not None:
            old.close()
    return dropped


def read_gem(path: str | Path, stage: str) -> Gem:
    """The map of one stage from a gems.h5, without its samples. Raises GemError."""
    with open_file(path, _FORMAT, _VERSION, GemError, _REMEDY) as file:
        name = _group(stage)
        if name not in file:
            listed = ", ".join(str(group.attrs.get("stage", key)) for key, group in file.items())
            raise GemError(path, f"no map of stage {stage!r}; there are: {listed or 'none'}")

        def read(key: str) -> np.ndarray:
            shape = (2, None, None) if key.endswith("band") else (None, None)
            return np.asarray(read_dataset(file, f"{name}/{key}", GemError, dtype="f", shape=shape)[...])

        try:
            attributes = file[name].attrs
            entries: dict[str, Any] = {key: str(attributes[key]) for key in _TEXTS}
            entries |= {key: int(attributes[key]) for key in _COUNTS}
        except (KeyError, ValueError) as problem:
            raise GemError(path, f"damaged ({problem}). {_REMEDY}", name) from None
        entries |= {"selection": str(attributes.get("selection", "")), "masked_gem": None}
        entries |= {key: read(key) for key in _PLANES if key in file[name] or key in ("gem", "embryo")}
        return Gem(**entries)


def _write(group: h5py.Group, gem: Gem) -> None:
    for key in _PLANES:
        if (plane := getattr(gem, key)) is not None:
            group.create_dataset(key, data=plane, compression="gzip")
    for key in (*_TEXTS, *_COUNTS, "selection"):
        group.attrs[key] = getattr(gem, key)


def _keep(old: h5py.File, file: h5py.File, gems: Sequence[Gem]) -> list[str]:
    """Copies the groups of the same store and model that are not written anew; returns the stages of the others."""
    same = (gems[0].store_fingerprint, gems[0].model_digest)
    dropped = []
    for name, group in old.items():
        if (group.attrs.get("store_fingerprint"), group.attrs.get("model_digest")) != same:
            dropped.append(str(group.attrs.get("stage", name)))
        elif name not in {_group(gem.stage) for gem in gems}:
            old.copy(group, file, name)
    return dropped


def _group(stage: str) -> str:
    return f"stage_{safe_name(stage)}"


def safe_name(stage: str) -> str:
    """A class name fit for files and HDF5 keys; a changed one carries a hash, so that no two become the same."""
    plain = re.sub(r"[^\w.-]", "_", stage)[:60]
    return plain if plain == stage else f"{plain}-{hashlib.sha256(stage.encode(errors='replace')).hexdigest()[:8]}"
