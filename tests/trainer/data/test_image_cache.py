from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest

from lsl_shared import Store
from lsl_trainer.data import image_cache
from lsl_trainer.data.image_cache import load_images, remove_images

ROWS = np.array([0, 3, 4, 17, 140, 299])


def test_in_memory_unless_shared_or_too_many(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(store) as opened:
        expected = opened.read(0, 300)[ROWS]
        for images in (load_images(opened, ROWS), load_images(opened, ROWS, tmp_path)):
            assert not isinstance(images, np.memmap)
            np.testing.assert_array_equal(images, expected)
        assert list(tmp_path.iterdir()) == []
        monkeypatch.setattr(image_cache, "_SHARE_OF_MEMORY", 0)
        np.testing.assert_array_equal(load_images(opened, ROWS, tmp_path), expected)
        assert len(list(tmp_path.glob("*.npy"))) == 1


def test_shared_images_are_mapped_written_once_and_removed(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_cache, "_IMAGES_AT_ONCE", 4)
    with Store(store) as opened:
        images = load_images(opened, ROWS, tmp_path, shared=True)
        assert isinstance(images, np.memmap)
        assert not images.flags.writeable
        np.testing.assert_array_equal(images, opened.read(0, 300)[ROWS])
        (path,) = tmp_path.iterdir()
        written = path.stat().st_mtime_ns
        load_images(opened, ROWS, tmp_path, shared=True)
        assert path.stat().st_mtime_ns == written
        load_images(opened, ROWS[:3], tmp_path, shared=True)
    assert len(list(tmp_path.iterdir())) == 2, "other rows lie in another file"
    remove_images(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_that_leaves_nothing(store: Path, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with Store(store) as opened, pytest.raises(OSError, match="File too large"):
            load_images(opened, ROWS, tmp_path, shared=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
