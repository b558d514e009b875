"""Do prediction sets at 90 % hold the right class of nine in ten images of genes never seen?

    python tools/bench/coverage.py STORE [--trainings 4] [--resplits 5]

Trains the method `plain`, preset `tiny`, on 70 % of a store's genes, `--trainings` times with other genes. The genes
left out are divided `--resplits` times anew: a third for calibration, two thirds for the test. A resplit needs no
training, because the network has seen none of these genes. Each fits its own temperature and threshold, as a training
does. Prints a line for each, and at the end the coverage over all with a 95 % interval from a bootstrap over genes.

STORE should have 3,000 demo images (`lsl-store demo --images 3000`): with fewer than 20 calibration genes there is no
threshold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from trainings import finished, logits

from lsl_shared import Store
from lsl_shared.measures.conformal import conformal_threshold, prediction_set
from lsl_trainer.calibration.bootstrap import interval, mean_replicates
from lsl_trainer.calibration.temperature import fit_temperature, softmax
from lsl_trainer.data.load import load_data
from lsl_trainer.settings.presets import PRESETS

COVERAGE = 0.9


@dataclass(frozen=True)
class Held:
    """What a network says of the labelled images of genes that it was not trained on."""

    logits: NDArray[np.float32]
    truth: NDArray[np.int64]
    groups: NDArray[np.int64]


@dataclass(frozen=True)
class Resplit:
    """What the prediction sets of one resplit are worth, for its test images."""

    covered: NDArray[np.bool_]
    groups: NDArray[np.int64]
    sizes: NDArray[np.int64]
    right: NDArray[np.bool_]
    n_calibration: int


def main(store: Path, trainings: int = 4, resplits: int = 5) -> None:
    torch.set_num_threads(1)
    found: list[Resplit] = []
    with Store(store) as opened:
        for seed in range(trainings):
            held = held_out(opened, seed)
            for number, one in enumerate(deal(held, resplits, np.random.default_rng([seed, 9]))):
                found.append(one)
                print(
                    f"training {seed} resplit {number}: {one.n_calibration} calibration genes, {len(one.covered)} test "
                    f"images of {len(np.unique(one.groups))} genes: {one.covered.mean():6.1%} covered, "
                    f"{one.sizes.mean():.1f} classes a set, {one.right.mean():.1%} right",
                    flush=True,
                )
    told(found)


def held_out(store: Store, seed: int) -> Held:
    config = PRESETS["tiny"].having(method="plain", seed=seed)
    data = load_data(store, config)
    network = finished(data, config).network
    sets = (data.calibration, data.test)
    return Held(
        np.concatenate([logits(network, one) for one in sets]),
        np.concatenate([one.labels for one in sets]),
        np.concatenate([one.groups for one in sets]),
    )


def deal(held: Held, resplits: int, generator: np.random.Generator) -> Iterator[Resplit]:
    genes = np.unique(held.groups)
    for _ in range(resplits):
        calibrating = np.isin(held.groups, generator.permutation(genes)[: len(genes) // 3])
        truth, given = held.truth[calibrating], held.logits[calibrating]
        temperature = fit_temperature(given, truth)
        threshold = conformal_threshold(
            truth, softmax(given, temperature), held.groups[calibrating], generator, COVERAGE
        )
        assert threshold is not None, "too few calibration genes: make the store larger"
        probabilities, truth = softmax(held.logits[~calibrating], temperature), held.truth[~calibrating]
        sets = prediction_set(probabilities, threshold)
        yield Resplit(
            sets[np.arange(len(truth)), truth],
            held.groups[~calibrating],
            sets.sum(1),
            probabilities.argmax(1) == truth,
            len(np.unique(held.groups[calibrating])),
        )


def told(found: list[Resplit]) -> None:
    covered = np.concatenate([one.covered for one in found]).astype(float)
    groups = np.concatenate([one.groups for one in found])
    n_genes = len(np.unique(groups))
    low, high = interval(mean_replicates(covered[:, None], groups, np.random.default_rng(0), 10_000)[:, 0])
    print(f"\n{len(found)} resplits, {n_genes} genes: {covered.mean():.1%} covered ({low:.1%} … {high:.1%})")
    each, sizes = [one.covered.mean() for one in found], np.concatenate([one.sizes for one in found])
    print(f"single resplits {min(each):.1%} … {max(each):.1%}, standard deviation {np.std(each, ddof=1):.1%}")
    print(f"{sizes.mean():.1f} classes a set")


if __name__ == "__main__":
    typer.run(main)
