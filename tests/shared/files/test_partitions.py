from __future__ import annotations

import pytest

from lsl_shared.files.partitions import partitions


@pytest.mark.parametrize("images", [1, 7, 8, 255, 256, 257, 1000, 5001])
@pytest.mark.parametrize("chunk", [1, 7, 8, 100, 256, 300])
def test_every_image_once_in_whole_chunks(images: int, chunk: int) -> None:
    cut = partitions(images, chunk)
    assert [row for part in cut for row in part] == list(range(images))
    assert all(part.start % chunk == 0 for part in cut)
    assert all(len(part) <= max(256, chunk) for part in cut)


def test_partitions_are_as_large_as_allowed() -> None:
    assert partitions(600, 100) == [range(200), range(200, 400), range(400, 600)]
    assert partitions(600, 300) == [range(300), range(300, 600)]
