from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest

from lsl_shared import Store, StoreWriter
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


def test_a_process_does_not_grow_by_what_it_reads_of_the_file(tmp_path: Path) -> None:
    """The pages of the mapping that stay with the process, as the system counts them."""
    if not Path("/proc/self/smaps").exists():
        pytest.skip("only Linux tells")
    size, count = (64, 64), 400
    with StoreWriter(tmp_path / "store.h5", *size) as writer:
        for number in range(count):
            writer.append(np.full((*size, 3), number % 251, np.uint8), id=str(number), gene="")
    with Store(tmp_path / "store.h5") as opened:
        images = load_images(opened, np.arange(count), tmp_path / "cache", shared=True)
    assert [int(images[k].max()) for k in (3, 250, 251)] == [3, 250, 0]
    assert images[[5, 300]].max((1, 2, 3)).tolist() == [5, 49]
    assert all(image.min() == number % 251 for number, image in enumerate(images))
    assert [int(image.max()) for image in images[7:9]] == [7, 8]
    (path,) = (tmp_path / "cache").iterdir()
    of_file = Path("/proc/self/smaps").read_text().partition(str(path))[2]
    resident = int(of_file.partition("Rss:")[2].split()[0])
    assert resident < 100, "of 4,800 kB"


def test_a_full_disk_is_an_error_that_leaves_nothing(store: Path, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with Store(store) as opened, pytest.raises(OSError, match="File too large"):
            load_images(opened, ROWS, tmp_path, shared=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
