from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from lsl_trainer.data.split import group_folds
from lsl_trainer.layers.ridge import PENALTIES, choose_penalty, ridge_scores


@pytest.mark.parametrize("features", [5, 60])
def test_predictions_are_those_of_scikit_learn(features: int) -> None:
    generator = np.random.default_rng(0)
    train, test = generator.normal(3, 2, (30, features)), generator.normal(3, 2, (7, features))
    targets = generator.random((30, 2))
    targets[:4, 1] = np.nan
    scaler = StandardScaler().fit(train)
    found = ridge_scores(train, targets, test, [0.1, 2.0])
    for column, rows in ((0, slice(None)), (1, slice(4, None))):
        inner = scaler.transform(train)[rows]
        for place, penalty in enumerate((0.1, 2.0)):
            # scikit-learn centres the features of these rows as well, so the model is centred by hand here
            alpha = penalty * np.linalg.eigvalsh(inner @ inner.T).mean()
            model = Ridge(alpha, fit_intercept=False).fit(inner, targets[rows, column] - targets[rows, column].mean())
            expected = model.predict(scaler.transform(test)) + targets[rows, column].mean()
            np.testing.assert_allclose(found[place][:, column], expected, atol=1e-8)


def test_features_that_are_almost_always_zero_stay_small() -> None:
    train, test = np.random.default_rng(1).normal(0, 1, (20, 4)), np.zeros((1, 4))
    train[:, 3] = 0
    test[0, 3] = 1
    assert abs(ridge_scores(train, train[:, :1], test, [1.0])).max() < 20


def test_the_penalty_suits_left_out_genes() -> None:
    generator = np.random.default_rng(2)
    groups = np.repeat(np.arange(10), 6)
    gene = generator.normal(0, 1, (10, 50))[groups]  # what tells the gene tells nothing of a new one
    signal = generator.normal(0, 1, (60, 1))
    fit = choose_penalty(np.concatenate([gene, 3 * signal], axis=1), np.sign(signal), groups)
    assert fit.error == pytest.approx(np.mean((fit.left_out - np.sign(signal)) ** 2))
    tried = [
        choose_penalty(np.concatenate([gene, 3 * signal], axis=1), np.sign(signal), groups, [p]) for p in PENALTIES
    ]
    assert fit.error == min(one.error for one in tried) < 1


def test_no_gene_lies_in_two_folds() -> None:
    groups = np.random.default_rng(3).integers(0, 12, 100)
    folds = group_folds(groups, 4)
    assert all(len(np.unique(folds[groups == gene])) == 1 for gene in np.unique(groups))
    assert np.ptp(np.bincount(folds)) < 20
    assert group_folds(np.array([4, 4, 9]), 5).tolist() == [0, 0, 1]
