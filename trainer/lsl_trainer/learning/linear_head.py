"""A linear classifier on fixed features, fitted by scikit-learn, as the last layer of a network."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lsl_trainer.data.batch import Labelled
from lsl_trainer.learning.features import features_of
from lsl_trainer.networks.residual import Network

__all__ = ["fit_head"]

_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
_FOLDS = 5
_ABSENT = -100.0
_BATCH = 8


def fit_head(network: Network, data: Labelled, on_images: Callable[[int], None]) -> float:
    """Fits the network's last layer to `data` by multinomial logistic regression; returns the penalty's C.

    Features are standardized, which is folded into the layer; C is chosen by cross-validation over the genes of `data`
    alone. A class without images is never predicted. `on_images` is called with the number of images just filtered.
    """
    from sklearn.exceptions import ConvergenceWarning

    features = features_of(network, data, on_images, _BATCH).double().numpy()
    mean, deviation = features.mean(0), np.maximum(features.std(0), 1e-6)
    standard = (features - mean) / deviation
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # The weights lie in the span of the images, so n coordinates of each serve as well as its D features.
        axes = np.linalg.svd(standard, full_matrices=False)[2]  # (n, D)
        fitted, penalty = _fitted(standard @ axes.T, data.labels, data.groups)
    weight = np.zeros((network.head.out_features, features.shape[1]))
    bias = np.full(network.head.out_features, _ABSENT)
    coefficients, intercept = fitted.coef_ @ axes, fitted.intercept_
    if len(fitted.classes_) == 2:  # one row, for the second class
        coefficients, intercept = (
            np.concatenate([-coefficients, coefficients]) / 2,
            np.repeat(intercept / 2, 2) * [-1, 1],
        )
    weight[fitted.classes_] = coefficients / deviation
    bias[fitted.classes_] = intercept - (coefficients / deviation) @ mean
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(weight))
        network.head.bias.copy_(torch.from_numpy(bias))
    return penalty


def _fitted(features: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64]) -> tuple[Any, float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, GroupKFold

    folds = min(_FOLDS, len(np.unique(groups)))
    if folds < 2:
        return LogisticRegression(C=_PENALTIES[1], max_iter=300).fit(features, labels), _PENALTIES[1]
    splits = [
        split for split in GroupKFold(folds).split(features, labels, groups) if len(np.unique(labels[split[0]])) > 1
    ]
    search = GridSearchCV(LogisticRegression(max_iter=300), {"C": list(_PENALTIES)}, cv=splits)
    search.fit(features, labels)
    return search.best_estimator_, float(search.best_params_["C"])
