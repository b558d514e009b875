from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime.annotation.reading import READERS, Chunk, in_batches, read_ahead
from lsl_shared import Store, StoreError
from lsl_shared.files.partitions import partitions

Make = Callable[..., Path]


def test_chunks_come_in_order(make_store: Make) -> None:
    with Store(make_store(330, chunk=50)) as store:
        cut = partitions(330, 50)
        chunks = list(read_ahead(store, cut[1:], 100))
        assert [chunk.rows for chunk in chunks] == [range(250, 300), range(300, 330)]
        np.testing.assert_array_equal(np.concatenate([chunk.pixels for chunk in chunks]), store.read(250, 330))


@pytest.mark.parametrize("readers", [1, 7])
def test_any_number_of_readers_gives_the_same(make_store: Make, readers: int) -> None:
    with Store(make_store(330, chunk=50)) as store:
        chunks = list(read_ahead(store, partitions(330, 50), 1, readers))
        np.testing.assert_array_equal(np.concatenate([chunk.pixels for chunk in chunks]), store.read(0, 330))


@pytest.mark.parametrize("images", [1, 100, 200])
def test_no_more_is_read_than_is_asked_for(make_store: Make, monkeypatch: pytest.MonkeyPatch, images: int) -> None:
    begun, original = [0], Store.read_chunk

    def counted(store: Store, start: int) -> np.ndarray:
        begun[0] += 1
        return original(store, start)

    monkeypatch.setattr(Store, "read_chunk", counted)
    with Store(make_store(600, chunk=20)) as store:
        chunks = read_ahead(store, partitions(600, 20), images)
        for taken in range(1, 6):
            next(chunks)
            assert begun[0] <= taken + max(READERS, images // 20)
        chunks.close()
    assert begun[0] <= 5 + max(READERS, images // 20)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("reader")]


def test_damaged_chunk_comes_with_its_error(make_store: Make) -> None:
    path = make_store(60, chunk=20)
    with h5py.File(path, "r+") as file:
        file["images"].id.write_direct_chunk((20, 0, 0, 0), b"nonsense")
    with Store(path) as store:
        chunks = list(read_ahead(store, partitions(60, 20), 40))
    assert [bool(chunk.error) for chunk in chunks] == [False, True, False]
    assert "images[20:40]" in chunks[1].error and not chunks[1].pixels.any() and chunks[1].pixels.shape[0] == 20


def test_store_that_was_replaced_ends_it(make_store: Make) -> None:
    path = make_store(60, chunk=20)
    with h5py.File(path, "r+") as file:
        file["images"].id.write_direct_chunk((20, 0, 0, 0), b"nonsense")
    with Store(path) as store:
        path.rename(path.with_name("old.h5"))
        make_store(61, chunk=20)
        with pytest.raises(StoreError, match="was replaced or changed"):
            list(read_ahead(store, partitions(60, 20), 40))


def test_batch_within_one_chunk_is_not_copied() -> None:
    chunks = [Chunk(range(start, start + 8), np.zeros((8, 2, 2, 3), np.uint8)) for start in (0, 8)]
    batches = list(in_batches(iter(chunks), [range(16)], 4))
    assert len(batches) == 4
    assert all(np.shares_memory(batch.pixels, chunks[place // 2].pixels) for place, batch in enumerate(batches))


@pytest.mark.parametrize("batch_size", [1, 5, 8, 100])
def test_batches_hold_every_image_once_and_are_filled_up(make_store: Make, batch_size: int) -> None:
    with Store(make_store(330, chunk=50)) as store:
        cut = partitions(330, 50)
        batches = list(in_batches(read_ahead(store, cut, 100), cut, batch_size))
        images = store.read(0, 330)
    assert {batch.pixels.shape[0] for batch in batches} == {batch_size}
    there = np.concatenate([batch.pixels[: len(batch.errors)] for batch in batches])
    np.testing.assert_array_equal(there, images)
    assert not any(batch.pixels[len(batch.errors) :].any() for batch in batches)
