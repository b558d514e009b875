"""What the log-odds are worth: weights that calibrate them, and thresholds under which an answer is doubtful."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

__all__ = ["chosen_thresholds", "threshold", "weighed"]

EARLY = 2  # the first stage ranges, 1-3 and 4-6, whose ends look alike
WRONG_FLAGGED = 0.8  # fraction of the wrong images that are to lie under the threshold
MOST_EARLY, MOST_LATE = 0.3, 0.2  # fractions of all images that may, for anterior
MOST_DORSAL = 0.3  # fraction of the late lateral images that may, for dorsal

Floats = NDArray[np.float64]


def weighed(evidence: Floats, lateral: NDArray[np.bool_]) -> Floats:
    """Weights (2, 2), kinds by x and y, not negative, with which the sum of the log-odds (2, N, 2) is calibrated.

    Logistic regression without intercept: every image counts in both mirrorings.
    """
    weights = np.zeros((2, 2))
    for axis, rows in enumerate((np.ones(len(lateral), bool), lateral)):
        odds = evidence[:, rows, axis].T  # (n, 2)
        truth = np.repeat([0, 1], len(odds))
        fitted = LogisticRegression(C=1.0, fit_intercept=False).fit(np.concatenate([odds, -odds]), truth)
        weights[:, axis] = np.maximum(fitted.coef_[0], 0)
    return weights


def chosen_thresholds(odds: Floats, lateral: NDArray[np.bool_], ranges: NDArray[np.int16]) -> dict[str, float]:
    """The least probability of each task that counts as certain, from calibrated log-odds (n, 2)."""
    late = ranges >= EARLY
    anterior = threshold(odds[:, 0], [(~late, MOST_EARLY), (late, MOST_LATE)])
    dorsal = threshold(odds[lateral, 1], [(late[lateral], MOST_DORSAL)])
    return {"anterior": anterior, "dorsal": dorsal}


def threshold(odds: Floats, groups: list[tuple[NDArray[np.bool_], float]]) -> float:
    """Under it lie WRONG_FLAGGED of the wrong images, but of each of `groups` no more than the fraction it allows."""
    probability = 1 / (1 + np.exp(-np.abs(odds)))
    wrong = probability[odds > 0]
    wanted = np.quantile(wrong, WRONG_FLAGGED) if len(wrong) else 0.5
    most = [np.quantile(probability[group], fraction) for group, fraction in groups if group.any()]
    return round(float(min([wanted, *most])) + 5e-4, 3)
