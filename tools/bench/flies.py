"""How well are real embryos put into their stage range, with no image of the same gene in training?

    python tools/bench/flies.py ../shared/data/flyexpress OUT [--method plain --method gabor] [--seeds 1]

Imports the folder to OUT/store.h5. Leaves one gene out at a time, trains each method (preset `tiny`) on the others, and
prints a line for each fold. The table at the end holds the accuracy of all answers together, each from the network that
had not seen the gene, with a 95 % interval from a bootstrap over genes. Beside it stands what the most frequent range
of the training images would reach. It does so for all images, and for those that are known to be lateral.
OUT/answers.json holds every answer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from trainings import logits

from lsl_shared import Store
from lsl_trainer.calibration.bootstrap import interval, mean_replicates
from lsl_trainer.data.load import load_data
from lsl_trainer.data.split import TEST, fold_store
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.settings.presets import PRESETS

TASK = "stage_range"
Answers = dict[str, NDArray[np.int64]]


def main(source: Path, out: Path, method: Annotated[list[str] | None, typer.Option()] = None, seeds: int = 1) -> None:
    torch.set_num_threads(1)
    store = out / "store.h5"
    if not store.exists():
        imported(source, store)
    with Store(store) as opened:
        n_genes = len(np.unique(opened.groups()))
        parts = fold_store(opened, "gene", n_genes, (TASK,), np.random.default_rng(0))
        truth, groups = opened.labels(TASK).astype(np.int64), opened.groups()
        found: Answers = {"majority": np.full(len(opened), -1)}
        for part in parts:
            tested, known = part == TEST, truth[(part != TEST) & (truth >= 0)]
            found["majority"][tested] = np.bincount(known).argmax()
        for name in method or ["plain", "gabor"]:
            for seed in range(seeds if name != "gabor" else 1):
                found[f"{name}, seed {seed}"] = out_of_fold(opened, parts, name, seed, truth)
        told = {name: predicted.tolist() for name, predicted in found.items()}
        (out / "answers.json").write_text(json.dumps({"ids": opened.ids.tolist(), "truth": truth.tolist(), **told}))
        for kind, chosen in {"all": truth >= 0, "lateral": (truth >= 0) & (opened.views == "lateral")}.items():
            print_table(kind, found, truth, groups, chosen)


def imported(source: Path, store: Path) -> None:
    from lsl_tools.importing.run import import_images

    store.parent.mkdir(parents=True, exist_ok=True)
    import_images(source, store)


class Remembered(torch.nn.Module):
    """Filters that look at each image only once, although it is in many folds."""

    def __init__(self, body: torch.nn.Module, known: dict[bytes, torch.Tensor]) -> None:
        super().__init__()
        self.body, self.known = body, known

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        keys = [image.numpy().tobytes() for image in images]
        for key, image in zip(keys, images, strict=True):
            if key not in self.known:
                self.known[key] = self.body(image[None])[0]
        return torch.stack([self.known[key] for key in keys])


def out_of_fold(
    store: Store, parts: list[NDArray[np.int8]], method: str, seed: int, truth: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The answer for every image from the network that never saw its gene, (N,)."""
    predicted, known = np.full(len(store), -1), dict[bytes, torch.Tensor]()
    for part in parts:
        config = PRESETS["tiny"].having(method=method, fine=TASK, seed=seed)
        data = load_data(store, config, part)
        training = TwoStepTraining(data, config)
        if method == "gabor":
            training.network.body = Remembered(training.network.body, known)
        for _ in training.run(lambda images: None):
            pass
        rows = np.flatnonzero((part == TEST) & (truth >= 0))
        predicted[rows] = logits(training.network, data.test).argmax(1)
        right = np.mean(predicted[rows] == truth[rows])
        print(f"{method:<6} seed {seed}  without {store.genes[rows[0]]:<8} {right:6.1%} of {len(rows)}", flush=True)
    return predicted


def print_table(
    kind: str, found: Answers, truth: NDArray[np.int64], groups: NDArray[np.int64], chosen: NDArray[np.bool_]
) -> None:
    print(f"\n{kind}: {chosen.sum()} images of {len(np.unique(groups[chosen]))} genes")
    right = np.stack([predicted == truth for predicted in found.values()], axis=1)[chosen].astype(float)
    near = np.stack([np.abs(predicted - truth) <= 1 for predicted in found.values()], axis=1)[chosen].mean(0)
    replicates = mean_replicates(right, groups[chosen], np.random.default_rng(0), 10_000)
    for place, name in enumerate(found):
        low, high = interval(replicates[:, place])
        print(f"{name:<16} {right[:, place].mean():6.1%} ({low:.1%} … {high:.1%}), ±1 range {near[place]:.1%}")


if __name__ == "__main__":
    typer.run(main)
