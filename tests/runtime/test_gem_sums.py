from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime.gem_choice import Choice
from lsl_runtime.gem_sums import sum_up
from lsl_shared import Store, expression


def _choice(stage: str, rows: list[int], samples: list[int]) -> Choice:
    return Choice(stage, np.array(rows), np.linspace(0.2, 1, len(rows)), len(rows), np.array(samples))


def test_sums_by_loop(make_store: Callable[..., Path]) -> None:
    choices = [_choice("a", [0, 5, 44, 299], [44]), _choice("b", [1, 2, 43, 260], [1, 260])]
    with Store(make_store(300, chunk=20)) as store:
        sums = sum_up(store, choices, lambda rows, images: images[..., 0] / np.float32(255), "mean", lambda count: None)
        for one, choice in zip(sums, choices, strict=True):
            images = store.select(choice.rows)
            found = [expression(image) for image in images]
            value = sum(w * seen.density for w, seen in zip(choice.weights, found, strict=True))
            embryo = sum(w * seen.mask for w, seen in zip(choice.weights, found, strict=True))
            np.testing.assert_allclose(one.value, value, atol=1e-6)
            np.testing.assert_allclose(one.embryo, embryo, atol=1e-6)
            assert one.weight == pytest.approx(choice.weights.sum())
            assert sorted(one.samples) == sorted(choice.samples.tolist())
            assert 0 < one.masked.sum() < one.value.sum()


def test_only_chunks_with_chosen_images_are_read(
    make_store: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    with Store(make_store(300, chunk=20)) as store:
        whole = store.read
        monkeypatch.setattr(store, "read", lambda start, stop: (read.append(start), whole(start, stop))[1])
        sum_up(store, [_choice("a", [0, 5, 44, 299], [])], None, "fraction", lambda count: None)
    assert read == [0, 40, 280]


def test_samples_do_not_hold_on_to_their_partition(make_store: Callable[..., Path]) -> None:
    with Store(make_store(300, chunk=20)) as store:
        sums = sum_up(store, [_choice("a", [3, 4], [3])], None, "mean", lambda count: None)
    assert sums[0].samples[3].pixels.base is None
