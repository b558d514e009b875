"""How many answers does the order of lsl-review save on synthetic embryos, and how many keys does an answer take?

    python tools/bench/review_labelling.py OUT STORE:RUN [STORE:RUN …] [--batch 20] [--rounds 12]

Each STORE is a demo store of a seed of its own, each RUN a run of `lsl-train` on it whose first step learnt the coarse
labels: the features are those after that step, so nothing has seen a stage. Labels are bought of images of the training
genes: in the page's order "what to label next", or at random; the first batch is random. The model of a round is a
logistic regression on the features, and an answer keeps to the known coarse label. It is scored on the other genes. The
truth answers. Lines are appended to OUT/review.csv. An answer takes one key: Enter where the guess is right, else the
key of the class, and that key twice where the coarse label has to be corrected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression

from lsl_shared import Store
from lsl_tools.labelling.coverage import spread_choice
from lsl_tools.labelling.suggest import uncertainty
from lsl_trainer.data.batch import in_unit_range, to_tensor
from lsl_trainer.data.load import load_data
from lsl_trainer.data.split import TEST, TRAIN
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.networks.residual import Network
from lsl_trainer.runs.run_folder import CHECKPOINTS, CONFIG
from lsl_trainer.settings.config_file import read_config

app = typer.Typer(add_completion=False, help=__doc__)
_BATCH = 64


@dataclass(frozen=True)
class Embryos:
    """What is known of images: features (n, D) of length 1, the true stage, coarse label and gene of each (n,)."""

    features: NDArray[np.float32]
    truth: NDArray[np.int64]
    coarse: NDArray[np.int64]
    gene: NDArray[np.int64]


@app.command()
def labelling(out: Path, runs: list[str], batch: int = 20, rounds: int = 12) -> None:
    """Plays the rounds through, and prints what the order saves."""
    torch.set_num_threads(1)
    scores = {kind: np.zeros((len(runs), rounds + 1)) for kind in ("random", "page")}
    keys, right = list[float](), list[float]()
    for seed, (store, run) in enumerate(map(Path, one.split(":")) for one in runs):
        pool, test, parents = embryos(store, run)
        print(f"{store}: {len(pool.truth):,} images to label, {len(test.truth):,} to score on", flush=True)
        for kind, found in scores.items():
            for place, (accuracy, strokes, guessed) in enumerate(
                played(pool, test, parents, kind, batch, rounds, seed)
            ):
                found[seed, place] = accuracy
                if kind == "page" and place:
                    keys.append(strokes)
                    right.append(guessed)
                with (out / "review.csv").open("a", encoding="utf-8") as stream:
                    stream.write(f"{seed},{kind},{batch * (place + 1)},{accuracy:.4f}\n")
    tell(scores, batch)
    share = np.array(right)
    print(f"keys an image: {np.mean(keys):.2f}; the guess was right in {share.mean():.0%}")


def embryos(store: Path, run: Path) -> tuple[Embryos, Embryos, NDArray[np.int64]]:
    """The images to label, those to score on, and the coarse class of each stage; only stages that have sisters."""
    with Store(store) as opened:
        data = load_data(opened, read_config(run / CONFIG).having(method="data-level"))
        network = TwoStepTraining(data, read_config(run / CONFIG).having(method="data-level")).network
        network.load_state_dict(load_file(run / CHECKPOINTS / "coarse.safetensors"))
        space, coarse = opened.tasks["stage"], opened.labels("stage_range").astype(np.int64)
        parents = np.array(space.parent_index)
        truth, genes = opened.truth("stage").astype(np.int64), opened.groups()
        known = (truth >= 0) & (np.bincount(parents, minlength=int(coarse.max()) + 1)[coarse] > 1)
        found = [np.flatnonzero(known & (data.part == part)) for part in (TRAIN, TEST)]
        pool, test = (
            Embryos(features(network, opened.select(rows)), truth[rows], coarse[rows], genes[rows]) for rows in found
        )
    return pool, test, parents


@torch.no_grad()
def features(network: Network, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """F of images, float32 (n, D), of length 1."""
    network.eval()
    batches = (in_unit_range(images[start : start + _BATCH]) for start in range(0, len(images), _BATCH))
    found = torch.cat([network.features(to_tensor(pixels, network.mean.device)) for pixels in batches]).numpy()
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def played(
    pool: Embryos, test: Embryos, parents: NDArray[np.int64], kind: str, batch: int, rounds: int, seed: int
) -> Iterator[tuple[float, float, float]]:
    """After each round the accuracy; of its answers the keys an image, and the share of right guesses."""
    generator = np.random.default_rng([seed, 18])
    labelled = generator.choice(len(pool.truth), batch, replace=False)
    strokes = guessed = float("nan")
    for _ in range(rounds + 1):
        model = LogisticRegression(C=10, max_iter=300).fit(pool.features[labelled], pool.truth[labelled])
        likely = probabilities(model, test, np.arange(len(test.truth)), parents)
        yield float((likely.argmax(1) == test.truth).mean()), strokes, guessed
        free = np.setdiff1d(np.arange(len(pool.truth)), labelled)
        within = probabilities(model, pool, free, parents)
        if kind == "random":
            chosen = generator.choice(len(free), batch, replace=False)
        else:
            rows = np.concatenate([free, labelled])
            weights = 0.5 + uncertainty(within.astype(np.float32), parents == pool.coarse[free][:, None])
            chosen = spread_choice(batch, pool.features[rows], weights, pool.coarse[rows], pool.gene[rows])
        bought = free[chosen]
        guessed = float((within[chosen].argmax(1) == pool.truth[bought]).mean())
        strokes = 1 + float((parents[pool.truth[bought]] != pool.coarse[bought]).mean())
        labelled = np.concatenate([labelled, bought])


def probabilities(
    model: LogisticRegression, images: Embryos, rows: NDArray[np.int64], parents: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Probabilities (n, K) among the stages of each image's coarse label. Stages without a label have tiny ones."""
    found = np.full((len(rows), len(parents)), 1e-6)
    found[:, model.classes_] += model.predict_proba(images.features[rows])
    found *= parents == images.coarse[rows][:, None]
    return np.asarray(found / found.sum(1, keepdims=True), np.float64)


def tell(scores: dict[str, NDArray[np.float64]], batch: int) -> None:
    """Prints both curves, and how many answers fewer the page needs for what random order reaches."""
    random, page = scores["random"].mean(0), scores["page"].mean(0)
    labels = batch * np.arange(1, len(random) + 1)
    for place, count in enumerate(labels):
        spread = {kind: found[:, place].std(ddof=1) for kind, found in scores.items()}
        saved = 1 - needed(page, labels, random[place]) / count
        print(f"{count:4d} labels: random {random[place]:.1%} ± {spread['random']:.1%}, "
              f"page {page[place]:.1%} ± {spread['page']:.1%}, {saved:.0%} fewer")  # fmt: skip


def needed(curve: NDArray[np.float64], labels: NDArray[np.int64], accuracy: float) -> float:
    """How many labels a curve of mean accuracies needs first for an accuracy, between its points on a straight line."""
    place = int(np.argmax(curve >= accuracy)) if (curve >= accuracy).any() else len(curve) - 1
    if not place or curve[place] < accuracy:
        return float(labels[place])
    step = (accuracy - curve[place - 1]) / (curve[place] - curve[place - 1])
    return float(labels[place - 1] + step * (labels[place] - labels[place - 1]))


if __name__ == "__main__":
    app()
