"""Does it pay to choose which images to label? Simulated labelling of pollen: `lsl-store suggest` or at random.

    python tools/bench/labelling_loop.py OUT --source ../shared/data/pollen73s [--seeds 5] [--batch 50] [--rounds 7]

Each round buys labels for a batch of training images, suggested or random. The first batch is random. The model is a
logistic regression on the features of the step on coarse labels (recipe `modern`, shared with label_efficiency.py). As
with --constrain, an answer keeps to the known family. Only families with several species count. Lines are appended to
OUT/loop.csv.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import typer
from label_efficiency import POLLEN, RECIPES, coarse_step, the_store, training_of
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from lsl_tools.labelling.coverage import spread_choice
from lsl_tools.labelling.suggest import uncertainty
from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.features import features_of
from lsl_trainer.networks.residual import Network

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def loop(
    out: Path, source: Path | None = None, seeds: int = 5, first_seed: int = 0, batch: int = 50, rounds: int = 7
) -> None:
    """Buys `batch` labels a round, for every seed, suggested ones and random ones."""
    torch.set_num_threads(1)
    store, path = the_store("pollen", out, source), out / "loop.csv"
    for seed in range(first_seed, first_seed + seeds):
        config = RECIPES["modern"].having(seed=seed, label_seed=seed, **POLLEN)
        data, training = training_of(store, config.having(method="data-level"))
        training.resume(coarse_step(store, config, out / f"coarse-pollen-modern-{seed}.safetensors"))
        for kind in ("random", "suggest"):
            for labels, accuracy in simulated(data, training.network, kind, batch, rounds, seed):
                with path.open("a", encoding="utf-8") as stream:
                    stream.write(f"{seed},{kind},{labels},{accuracy:.4f}\n")
                print(seed, kind, labels, f"{accuracy:.1%}", flush=True)


def simulated(
    data: TrainingData, network: Network, kind: str, batch: int, rounds: int, seed: int
) -> Iterator[tuple[int, float]]:
    """The number of labels bought so far, and the accuracy on test images, after each round."""
    parents = np.array(data.fine_space.parent_index)
    several = np.bincount(parents)[parents] > 1
    pool, test = (with_several(part, several) for part in (data.fine, data.test))
    features, held = (unit(features_of(network, part).numpy()) for part in (pool, test))
    generator = np.random.default_rng([seed, 11])
    labelled = generator.choice(len(pool), batch, replace=False)
    for _ in range(rounds + 1):
        model = LogisticRegression(C=10, max_iter=300).fit(features[labelled], pool.labels[labelled])
        answer = probabilities(model, held, parents, parents[test.labels])
        yield len(labelled), float((answer.argmax(1) == test.labels).mean())
        free = np.setdiff1d(np.arange(len(pool)), labelled)
        if kind == "random":
            labelled = np.concatenate([labelled, generator.choice(free, batch, replace=False)])
            continue
        rows = np.concatenate([free, labelled])
        families = parents[pool.labels]
        within = probabilities(model, features[free], parents, families[free])
        weights = 0.5 + uncertainty(within.astype(np.float32), parents == families[free][:, None])
        chosen = spread_choice(batch, features[rows], weights, families[rows], np.arange(len(rows)))
        labelled = np.concatenate([labelled, free[chosen]])


def with_several(part: Labelled, several: NDArray[np.bool_]) -> Labelled:
    """The images of classes that are not alone in their coarse class."""
    chosen = several[part.labels]
    return replace(part, rows=part.rows[chosen], labels=part.labels[chosen])


def unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True), np.float32)


def probabilities(
    model: LogisticRegression, features: NDArray[np.float32], parents: NDArray[np.int64], family: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Probabilities (n, K) among the species of each image's family. Classes without a label have tiny ones."""
    found = np.full((len(features), len(parents)), 1e-6)
    found[:, model.classes_] += model.predict_proba(features)
    found *= parents == family[:, None]
    return np.asarray(found / found.sum(1, keepdims=True), np.float64)


if __name__ == "__main__":
    app()
