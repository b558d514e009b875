from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime import Model
from lsl_runtime.model.class_index import checked_index, with_class_index
from lsl_shared import ImageError


@pytest.mark.parametrize("count", [36, 38])
def test_class_indices_must_be_as_many_as_an_iterator_gives(
    model: Model, images: NDArray[np.uint8], count: int
) -> None:
    with pytest.raises(ImageError, match="class_index"):
        model.saliency(iter(images), np.zeros(count, int))


@pytest.mark.parametrize("wanted", [[4] * 37, [-2] * 37, [0] * 36, [0.5] * 37])
def test_class_indices_out_of_range_are_refused(model: Model, images: NDArray[np.uint8], wanted: list[Any]) -> None:
    with pytest.raises(ImageError, match="class_index"):
        model.saliency(images, wanted)


def test_each_batch_gets_its_own_indices(images: NDArray[np.uint8]) -> None:
    batches = [images[:5], images[5:12]]
    found = list(with_class_index(batches, np.arange(12)))
    assert [index.tolist() for _, index in found] == [list(range(5)), list(range(5, 12))]
    assert [index.tolist() for _, index in with_class_index(batches, None)] == [[-1] * 5, [-1] * 7]


def test_the_predicted_classes_need_no_index(images: NDArray[np.uint8]) -> None:
    assert checked_index(None, images, 4) is None
    given = checked_index(np.zeros(37, np.int8), images, 4)
    assert given is not None and given.dtype == np.int64
