from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lsl_shared.errors import StoreError
from lsl_shared.files.own_stacks import image_keys, import_told
from lsl_shared.files.store import Store


def own_file(path: Path, **datasets: Any) -> Path:
    with h5py.File(path, "w") as file:
        for key, values in datasets.items():
            file[key.replace("__", "/")] = values
    return path


PICTURES = np.zeros((4, 16, 40, 3), np.uint8)


@pytest.mark.parametrize(
    ("datasets", "told"),
    [
        ({"images": PICTURES, "labels": np.arange(4)}, "--images images --labels-key labels"),
        ({"x_train": PICTURES, "y_train": np.arange(4)}, "--images x_train --labels-key y_train"),
        ({"data__photos": PICTURES}, "--images data/photos`"),
        ({"my photos": PICTURES}, "--images 'my photos'`"),
        ({"images": PICTURES.transpose(3, 2, 1, 0), "classes": np.zeros((1, 4))}, "--labels-key classes"),
        ({"other": PICTURES, "images": PICTURES[..., 0]}, "--images images`"),
    ],
)
def test_the_command_that_makes_a_store(tmp_path: Path, datasets: dict[str, Any], told: str) -> None:
    path = own_file(tmp_path / "own.h5", **datasets)
    with pytest.raises(StoreError, match="expected 'lsl-store', found none") as caught:
        Store(path)
    assert f"`lsl-store import {path} {tmp_path / 'own.store.h5'} --images" in str(caught.value)
    assert told in str(caught.value)


def test_a_file_without_images(tmp_path: Path) -> None:
    with h5py.File(own_file(tmp_path / "own.h5", matrix=np.zeros((5, 5)), names=["a"])) as file:
        assert image_keys(file) == []
        assert import_told(file) == ""


def test_links_to_other_places_are_passed_over(tmp_path: Path) -> None:
    own_file(tmp_path / "other.h5", images=PICTURES)
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file["images"] = h5py.ExternalLink("other.h5", "images")
        file["dangling"] = h5py.SoftLink("/nowhere")
        file["circle/back"] = file["/"]
        assert image_keys(file) == []
