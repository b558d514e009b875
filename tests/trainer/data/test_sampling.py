from __future__ import annotations

import numpy as np
import pytest

from lsl_trainer.data.sampling import balanced, every_image, in_batches, mixed_batches


def test_every_image_comes_once() -> None:
    drawn = every_image(50, 16)(np.random.default_rng(0))
    assert [len(batch) for batch in drawn] == [16, 16, 16, 2]
    assert sorted(np.concatenate(drawn)) == list(range(50))


def test_balanced_draws_every_class_alike() -> None:
    labels = np.array([0] * 900 + [1] * 90 + [2] * 9 + [-1])
    sampler = balanced(labels, 32)
    drawn = np.concatenate([batch for seed in range(20) for batch in sampler(np.random.default_rng(seed))])
    assert len(drawn) == 20 * len(labels)
    shares = [(labels[drawn] == label).mean() for label in (0, 1, 2, -1)]
    np.testing.assert_allclose(shares, 0.25, atol=0.01)


def test_no_batch_holds_one() -> None:
    assert [len(batch) for batch in in_batches(np.arange(33), 16)] == [16, 17]
    assert [len(batch) for batch in in_batches(np.arange(1), 16)] == [1]


@pytest.mark.parametrize(("known", "rest", "size"), [(3, 40, 8), (30, 4, 8), (1, 7, 4), (9, 0, 4), (2, 1, 16)])
def test_batches_hold_both_kinds_in_proportion_and_every_unlabelled_image_once(
    known: int, rest: int, size: int
) -> None:
    labels = np.random.default_rng(0).permutation([1] * known + [-1] * rest)
    draw = mixed_batches(labels, size, 0.25)
    batches = draw(np.random.default_rng(1))
    seen = np.concatenate(batches)
    assert sorted(seen[labels[seen] < 0]) == np.flatnonzero(labels < 0).tolist()
    if rest > size:
        share = [(labels[batch] >= 0).mean() for batch in batches]
        assert share == pytest.approx([0.25] * len(batches), abs=0.1)
    assert all((labels[batch] >= 0).any() for batch in batches)
    again = draw(np.random.default_rng(1))
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))
