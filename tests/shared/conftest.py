"""A store and annotations written with plain h5py, as another program would write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 9, 3), dtype=np.uint8)
Edit = Callable[[h5py.File], None]


def write_store(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["format"], file.attrs["version"] = "lsl-store", 1
        file.create_dataset("images", data=PIXELS, chunks=(2, 8, 9, 3), compression="gzip")
        file.create_dataset("samples/id", data=["a", "b", "c", "d", "e"], dtype=h5py.string_dtype())
        file.create_dataset("samples/gene", data=["dhd", "", "Dl", "dhd", ""], dtype=h5py.string_dtype())
        coarse = file.create_dataset("labels/family", data=np.array([0, 2, 1, -1, 1], np.int16))
        coarse.attrs["classes"] = ["oak", "palm", "moss"]
        fine = file.create_dataset("labels/a_species", data=np.array([0, -1, 2, 1, -1], np.int16))
        fine.attrs["classes"] = ["robur", "ilex", "areca"]
        fine.attrs["parent"] = "family"
        fine.attrs["parent_index"] = np.array([0, 0, 1], np.int16)


def write_annotations(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["format"], file.attrs["version"] = "lsl-annotations", 1
        file.attrs["model_digest"] = "d" * 64
        file.create_dataset("status", data=np.array([1, 2, 3], np.uint8))
        file.create_dataset("id", data=["a", "b", "c"], dtype=h5py.string_dtype())
        file.create_dataset("error", data=["", "cannot be read", ""], dtype=h5py.string_dtype())
        group = file.create_group("species")
        group.attrs["classes"] = ["robur", "ilex"]
        group["class"] = np.array([1, -1, -1], np.int16)
        group["probability"] = np.array([0.75, np.nan, np.nan], np.float32)
        group["probabilities"] = np.array([[0.25, 0.75], [np.nan, np.nan], [np.nan, np.nan]], np.float32)
        group["prediction_set"] = np.array([[True, True], [False, False], [False, False]])
        file["saliency"] = np.array([[[0, 255]], [[51, 0]], [[0, 0]]], np.uint8)
        file["saliency_scale"] = np.array([2.0, 0.5, 0.0], np.float32)


@pytest.fixture
def pixels() -> np.ndarray:
    return PIXELS


@pytest.fixture
def store_file(tmp_path: Path) -> Callable[..., Path]:
    """Makes a store, changed by an optional edit."""

    def make(edit: Edit | None = None, name: str = "store.h5") -> Path:
        path = tmp_path / name
        write_store(path)
        if edit is not None:
            with h5py.File(path, "a") as file:
                edit(file)
        return path

    return make


@pytest.fixture
def annotations_file(tmp_path: Path) -> Callable[..., Path]:
    """Makes an annotations file, changed by an optional edit."""

    def make(edit: Edit | None = None) -> Path:
        path = tmp_path / "store.annotations.h5"
        write_annotations(path)
        if edit is not None:
            with h5py.File(path, "a") as file:
                edit(file)
        return path

    return make
