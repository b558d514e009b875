from __future__ import annotations

import numpy as np

from lsl_trainer.calibration.bootstrap import gene_draws, interval, mean_replicates, row_draws


def test_every_replicate_draws_as_many_genes_as_there_are() -> None:
    drawn = np.concatenate(list(gene_draws(7, 1200, np.random.default_rng(0))))
    assert drawn.shape == (1200, 7)
    assert (drawn.sum(1) == 7).all()
    np.testing.assert_allclose(drawn.mean(0), 1, atol=0.1)


def test_replicates_are_what_a_plain_loop_gives() -> None:
    generator = np.random.default_rng(3)
    values, groups = generator.random((20, 2)), generator.integers(0, 5, 20) * 10
    found = mean_replicates(values, groups, np.random.default_rng(1), 30)
    (drawn,) = gene_draws(len(set(groups)), 30, np.random.default_rng(1))
    for replicate, counts in zip(found, drawn, strict=True):
        rows = [k for gene, count in zip(sorted(set(groups)), counts, strict=True) for _ in range(int(count))
                for k in np.flatnonzero(groups == gene)]  # fmt: skip
        np.testing.assert_allclose(replicate, values[rows].mean(0))


def test_the_interval_is_that_of_the_mean_of_independent_images() -> None:
    values = np.random.default_rng(0).normal(5, 2, (400, 1))
    low, high = interval(mean_replicates(values, np.arange(400), np.random.default_rng(0))[:, 0])
    error = values.std() / 20
    assert abs(low - (values.mean() - 1.96 * error)) < 0.25 * error
    assert abs(high - (values.mean() + 1.96 * error)) < 0.25 * error


def test_images_of_one_gene_do_not_count_as_independent() -> None:
    values = np.repeat(np.random.default_rng(0).normal(0, 1, 40), 10)[:, None]
    apart = interval(mean_replicates(values, np.arange(400), np.random.default_rng(0))[:, 0])
    together = interval(mean_replicates(values, np.repeat(np.arange(40), 10), np.random.default_rng(0))[:, 0])
    assert 2.5 < (together[1] - together[0]) / (apart[1] - apart[0]) < 4, "√10 times as wide"


def test_rows_of_a_replicate_are_whole_genes() -> None:
    groups = np.array([4, 4, 4, 9, 2, 2])
    (drawn,) = gene_draws(3, 20, np.random.default_rng(1))
    for rows, counts in zip(row_draws(groups, 20, np.random.default_rng(1)), drawn, strict=True):
        found = np.bincount(rows, minlength=6)
        assert found.tolist() == [counts[place] for place in (1, 1, 1, 2, 0, 0)]
