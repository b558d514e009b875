"""Other shares of the classes than those of the training: fine labels are balanced by hand, a genome is not."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError
from lsl_shared.files.manifest import Task
from lsl_shared.system_errors import reason

__all__ = ["Prior", "estimated_prior", "read_prior", "reweighted"]

_ROUNDS = 1000
_SETTLED = 1e-6


@dataclass(frozen=True)
class Prior:
    """The shares of a task's classes among the images to annotate."""

    task: str
    training: NDArray[np.float64]
    """(K,): their shares among the training images."""
    wanted: NDArray[np.float64] | None
    """(K,); None estimates them from the answers."""

    @classmethod
    def of(cls, given: str, task: Task) -> Prior:
        """What `--prior` names, for a model's task: see `read_prior`. Raises ConfigError, for older models too."""
        if task.kind != "class" or not task.class_priors:
            raise ConfigError(
                f"--prior: this model does not tell the shares of {task.name} in its training; train it again"
            )
        return cls(task.name, np.array(task.class_priors), read_prior(given, task))

    def answers(self, probabilities: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The likeliest class of each image at these shares, int64 (N,), and its probability; −1 and NaN for NaN."""
        known = ~np.isnan(probabilities).any(1)
        chosen, probability = np.full(len(known), -1), np.full(len(known), np.nan, np.float32)
        if known.any():
            wanted = estimated_prior(probabilities[known], self.training) if self.wanted is None else self.wanted
            weighted = reweighted(probabilities[known], self.training, wanted)
            chosen[known], probability[known] = weighted.argmax(1), weighted.max(1)
        return chosen, probability


def reweighted(
    probabilities: NDArray[np.floating], training: NDArray[np.floating], wanted: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Probabilities (N, K) of a model trained where the classes had the shares `training` (K,), for shares `wanted`.

    p'_k ∝ p_k · wanted_k / training_k (Saerens, Latinne & Decaestecker 2002, eq. 2.4). A class without a training image
    keeps its probability at the weight of `wanted` alone.
    """
    ratio = wanted / np.where(training > 0, training, 1)
    weighted = probabilities * ratio
    return np.asarray(weighted / np.maximum(weighted.sum(1, keepdims=True), np.finfo(float).tiny), dtype=np.float32)


def estimated_prior(probabilities: NDArray[np.floating], training: NDArray[np.floating]) -> NDArray[np.float64]:
    """The shares of the classes (K,) among images with these probabilities (N, K), by expectation-maximization.

    Saerens et al. 2002, eq. 2.9: the maximum of the likelihood where the classes look as they did in the training.
    """
    wanted = np.asarray(training, dtype=np.float64)
    for _ in range(_ROUNDS):
        before, wanted = wanted, reweighted(probabilities, training, wanted).mean(0, dtype=np.float64)
        if np.abs(wanted - before).max() < _SETTLED:
            break
    return wanted


def read_prior(given: str, task: Task) -> NDArray[np.float64] | None:
    """The shares (K,) that `--prior` names: `uniform`, a CSV with columns class and share; None for `estimate`.

    Raises ConfigError for a file that cannot be read, an unknown or a missing class, or shares that are not positive.
    """
    if given == "estimate":
        return None
    if given == "uniform":
        return np.full(len(task.classes), 1 / len(task.classes))
    try:
        with Path(given).open(newline="", encoding="utf-8-sig") as stream:
            shares = {row["class"]: float(row["share"]) for row in csv.DictReader(stream)}
    except (OSError, UnicodeDecodeError) as problem:
        why = reason(problem) if isinstance(problem, OSError) else "not a text file"
        raise ConfigError(f"--prior {given}: {why}; give uniform, estimate, or a CSV file") from None
    except (KeyError, TypeError, ValueError) as problem:
        raise ConfigError(f"--prior {given}: needs the columns class and share, a number ({problem})") from None
    differing = sorted(set(shares) ^ set(task.classes))
    if differing:
        raise ConfigError(f"--prior {given}: its classes are not those of {task.name}, look at {', '.join(differing)}")
    found = np.array([shares[name] for name in task.classes])
    if not (found >= 0).all() or not 0 < found.sum() < np.inf:
        raise ConfigError(f"--prior {given}: shares are 0 or more, and one of them is more")
    normalized: NDArray[np.float64] = found / found.sum()
    return normalized
