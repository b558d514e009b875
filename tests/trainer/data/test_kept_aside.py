from __future__ import annotations

import numpy as np

from lsl_trainer.data.kept_aside import kept_aside


def test_a_tenth_of_the_training_genes_is_kept_aside_and_no_class_is_lost() -> None:
    generator = np.random.default_rng(0)
    groups, labels = np.repeat(np.arange(100), 5), generator.integers(-1, 4, 500)
    labels[labels == 3] = -1
    labels[:5] = 3  # the only gene of class 3
    train = groups < 80
    aside = kept_aside(groups, labels, train, np.random.default_rng(1))
    assert not (aside & ~train).any()
    assert not aside[:5].any()
    assert {gene: len(set(aside[groups == gene])) for gene in range(100)} == dict.fromkeys(range(100), 1)
    labelled = train & (labels >= 0)
    assert 0.1 <= (aside & labelled).sum() / labelled.sum() < 0.13
