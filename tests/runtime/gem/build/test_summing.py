from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime.gem.build.selection import Choice
from lsl_runtime.gem.build.settings import MapSettings
from lsl_runtime.gem.build.summing import _cut, sum_up
from lsl_runtime.gem.build.sums import Sums
from lsl_shared import Store, expression


def _choice(stage: str, rows: list[int], samples: list[int]) -> Choice:
    return Choice(stage, np.array(rows), np.linspace(0.2, 1, len(rows)), len(rows), np.array(samples))


def _brightness(rows: NDArray[np.int64], images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(images[..., 0] / np.float32(255), np.float32)


def test_sums_by_loop(make_store: Callable[..., Path]) -> None:
    choices = [_choice("a", [0, 5, 44, 299], [44]), _choice("b", [1, 2, 43, 260], [1, 260])]
    with Store(make_store(300, chunk=20)) as store:
        sums = sum_up(store, choices, MapSettings(), _brightness)
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
        whole = store._images.read

        def heard(start: int, stop: int) -> NDArray[np.uint8]:
            read.append(start)
            return whole(start, stop)

        monkeypatch.setattr(store._images, "read", heard)
        sum_up(store, [_choice("a", [0, 5, 44, 299], [])], MapSettings(mode="fraction"))
    assert read == [0, 40, 280]


def test_samples_do_not_hold_on_to_their_partition(make_store: Callable[..., Path]) -> None:
    with Store(make_store(300, chunk=20)) as store:
        sums = sum_up(store, [_choice("a", [3, 4], [3])], MapSettings())
    assert sums[0].samples[3].pixels.base is None


@pytest.mark.parametrize("cut", [[150], [1, 17, 18, 230], list(range(20, 300, 20))])
def test_sums_over_parts_add_up_to_the_whole(make_store: Callable[..., Path], cut: list[int]) -> None:
    choices = [_choice("a", list(range(0, 300, 3)), [3, 150, 297]), _choice("b", list(range(1, 300, 5)), [6])]
    choices[1] = _choice("b", [row for row in range(1, 300, 5) if row % 3], [11])
    parts = [range(start, stop) for start, stop in zip([0, *cut], [*cut, 300], strict=True)]
    with Store(make_store(300, chunk=20)) as store:

        def run(over: list[range] | None) -> list[Sums]:
            return sum_up(store, choices, MapSettings(per_gene=True), _brightness, over=over)

        # Workers send their sums.
        whole, pieces = run(None), [pickle.loads(pickle.dumps(run([part]))) for part in parts]
    forward = [sum(column[1:], column[0]) for column in zip(*pieces, strict=True)]
    backward = [sum(column[-2::-1], column[-1]) for column in zip(*pieces, strict=True)]
    for joined in (forward, backward):
        for one, other in zip(joined, whole, strict=True):
            for name in ("value", "masked", "embryo", "weight"):
                np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12, atol=1e-12)
            assert one.empty == other.empty and sorted(one.samples) == sorted(other.samples)
            np.testing.assert_allclose(one.replicates.band(), other.replicates.band(), atol=1e-6)
            np.testing.assert_allclose(one.masked_replicates.band(), other.masked_replicates.band(), atol=1e-6)
            assert one.genes is not None and other.genes is not None and one.genes.count == other.genes.count


def test_bootstrap_counts_genes_not_images(make_store: Callable[..., Path]) -> None:
    """All images of one gene: every replicate that has the gene shows the same map."""
    rows = [0, 1, 2]
    with Store(make_store(300, chunk=20)) as store:
        assert len(set(store.genes[rows])) == 1
        one = sum_up(store, [_choice("a", rows, [])], MapSettings())[0]
    means = one.replicates.means()[one.replicates.weight > 0]
    np.testing.assert_allclose(means, np.broadcast_to(means[0], means.shape), atol=1e-6)


def test_any_number_of_threads_gives_the_same_bits(
    make_store: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    with Store(make_store(300, chunk=20)) as store:
        for threads in (1, 2, 5):
            monkeypatch.setattr("lsl_runtime.gem.build.summing.cores", lambda threads=threads: threads)
            found.append(sum_up(store, [_choice("a", list(range(0, 300, 2)), [])], MapSettings(), _brightness))
    for (other,) in found[1:]:
        np.testing.assert_array_equal(other.value, found[0][0].value)
        np.testing.assert_array_equal(other.masked, found[0][0].masked)
        np.testing.assert_array_equal(other.replicates.sums(), found[0][0].replicates.sums())


@pytest.mark.parametrize("chunk", [1, 7, 16, 100])
def test_batches_never_share_a_chunk(chunk: int) -> None:
    rows = np.flatnonzero(np.random.default_rng(chunk).random(500) < 0.3)
    runs = list(_cut(rows, chunk, 16))
    np.testing.assert_array_equal(np.concatenate(runs), rows)
    assert all(one[-1] // chunk < other[0] // chunk for one, other in pairwise(runs))
    assert all(len(run) < 16 + chunk for run in runs) and all(len(run) >= 16 for run in runs[:-1])
    assert list(_cut(np.array([], int), chunk, 16)) == []
