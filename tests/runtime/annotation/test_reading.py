from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime.annotation.reading import READERS, read_ahead
from lsl_shared import Store, StoreError
from lsl_shared.files.partitions import partitions

Make = Callable[..., Path]


def test_blocks_are_the_chunks_in_order(make_store: Make) -> None:
    with Store(make_store(330, chunk=50)) as store:
        cut = partitions(330, 50)
        blocks = list(read_ahead(store, cut[1:], 100))
        assert [block.rows for block in blocks] == [range(250, 300), range(300, 330)]
        np.testing.assert_array_equal(np.concatenate([block.pixels for block in blocks]), store.read(250, 330))


@pytest.mark.parametrize("images", [1, 100, 200])
def test_no_more_is_read_than_is_asked_for(make_store: Make, monkeypatch: pytest.MonkeyPatch, images: int) -> None:
    begun, original = [0], Store.read_chunk

    def counted(store: Store, start: int) -> np.ndarray:
        begun[0] += 1
        return original(store, start)

    monkeypatch.setattr(Store, "read_chunk", counted)
    with Store(make_store(600, chunk=20)) as store:
        blocks = read_ahead(store, partitions(600, 20), images)
        for taken in range(1, 6):
            next(blocks)
            assert begun[0] <= taken + max(READERS, images // 20)
        blocks.close()
    assert begun[0] <= 5 + max(READERS, images // 20)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("reader")]


def test_damaged_chunk_comes_with_its_error(make_store: Make) -> None:
    path = make_store(60, chunk=20)
    with h5py.File(path, "r+") as file:
        file["images"].id.write_direct_chunk((20, 0, 0, 0), b"nonsense")
    with Store(path) as store:
        blocks = list(read_ahead(store, partitions(60, 20), 40))
    assert [bool(block.error) for block in blocks] == [False, True, False]
    assert "images[20:40]" in blocks[1].error and not blocks[1].pixels.any() and blocks[1].pixels.shape[0] == 20


def test_store_that_was_replaced_ends_it(make_store: Make) -> None:
    path = make_store(60, chunk=20)
    with h5py.File(path, "r+") as file:
        file["images"].id.write_direct_chunk((20, 0, 0, 0), b"nonsense")
    with Store(path) as store:
        path.rename(path.with_name("old.h5"))
        make_store(61, chunk=20)
        with pytest.raises(StoreError, match="was replaced or changed"):
            list(read_ahead(store, partitions(60, 20), 40))
