"""How many images must a person label? Accuracy against fine labels a class, for each way of using the coarse ones.

    python tools/bench/label_efficiency.py run pollen OUT --source ../shared/data/pollen73s [--recipe modern]
    python tools/bench/label_efficiency.py run demo OUT --epochs 15 [--seeds 3] [--labels 5]
    python tools/bench/label_efficiency.py ablate OUT --epochs 10 [--seeds 3] [--labels 1]
    python tools/bench/label_figure.py OUT

`pollen` has 73 species of 34 families: grey images of 64×64 pixels, all training images with their family, split at
random because there are no genes. The score `several` counts the species of families that have more than one. `demo`
has 3,000 synthetic embryos, split by gene.

All methods have the same network, splits, labels and recipe. All but `plain` begin with the same step on coarse labels.
Each training is a line of OUT/DATA.csv, and a rerun goes on where it stopped. `ablate` takes one part after the other
away from `coarse-constrained`, and writes OUT/ablation.csv.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from label_losses import contrastive, two_heads
from label_rows import METHODS, Row, missing, read, write
from lowshot import write_pollen
from numpy.typing import NDArray
from trainings import logits

from lsl_runtime.coarse_labels import constrained
from lsl_shared import Store
from lsl_trainer.calibration.temperature import softmax
from lsl_trainer.comparing.prototypes import nearest_prototype
from lsl_trainer.data.load import load_data
from lsl_trainer.data.sampling import mixed_batches
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from lsl_trainer.learning.learner import Learner
from lsl_trainer.learning.steps.step import Step
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.network import NetworkConfig
from lsl_trainer.settings.presets import PRESETS

app = typer.Typer(add_completion=False, help=__doc__)
SMALL = NetworkConfig(widths=(16, 32, 64, 128), strides=(2, 2, 2, 2), stem_stride=2, pooled_shortcut=True, pool=1)
EPOCHS = {"coarse_epochs": 10, "fine_epochs": 40, "feature_epochs": 10, "constrained_epochs": 40}
POLLEN = {"network": SMALL, "split": "random", "flip": True, "rotation": 0.0, "strong": 0.0, **EPOCHS}
DEMO_NETWORK = NetworkConfig(
    widths=(16, 32, 64), strides=(2, 2, 2), stem_kernel=5, stem_stride=4, pooled_shortcut=True, pool=1
)
DEMO = {"network": DEMO_NETWORK, "flip": False, **EPOCHS}
RECIPES = {
    "modern": PRESETS["modern"],
    "paper": PRESETS["paper"].having(learning_rate=0.01, feature_learning_rate=0.001, reference_draw="batch"),
}
"""`paper` has ten times its own learning rate in step one, because two cores have time for few epochs only."""
ABLATIONS: dict[str, dict[str, Any]] = {
    "all of it": {},
    "no pseudo-labels": {"pseudo_weight": 0.0},
    "no likelihood of the coarse label": {"partial_weight": 0.0},
    "no coarse step before": {"pretrain": False},
    "with a strong view": {"strong": 0.3},
    "no average of weights": {"average": 0.0},
    "no feature dropout": {"feature_dropout": 0.0},
    "with L_S": {"similarity_weight": 1.0},
}
"""What is taken away from coarse-constrained, or added to it: the settings that differ."""


@app.command()
def run(
    data: str,
    out: Path,
    source: Path | None = None,
    recipe: Annotated[list[str] | None, typer.Option()] = None,
    labels: Annotated[list[int] | None, typer.Option()] = None,
    method: Annotated[list[str] | None, typer.Option()] = None,
    epochs: Annotated[int | None, typer.Option(help="of the methods that see all images at once")] = None,
    seeds: int = 5,
    first_seed: int = 0,
) -> None:
    """Trains what OUT does not hold yet: every recipe, seed, number of labels and method."""
    torch.set_num_threads(1)
    store = the_store(data, out, source)
    for name in recipe or ["modern"]:
        for seed in range(first_seed, first_seed + seeds):
            config = RECIPES[name].having(seed=seed, label_seed=seed, **(POLLEN if data == "pollen" else DEMO))
            config = config.having(constrained_epochs=epochs)
            coarse: Checkpoint | None = None
            for count in labels or [1, 5]:
                todo = missing(out / f"{data}.csv", name, count, seed, method or METHODS)
                if not todo:
                    continue
                given = config.having(fine_per_class=count)
                coarse = coarse or coarse_step(store, given, out / f"coarse-{data}-{name}-{seed}.safetensors")
                for found in trained(store, given, coarse, todo):
                    write(out / f"{data}.csv", replace(found, recipe=name, labels=count, seed=seed))


@app.command()
def ablate(
    out: Path,
    source: Path | None = None,
    epochs: int | None = None,
    seeds: int = 3,
    labels: int = 1,
    first_seed: int = 0,
) -> None:
    """Takes each part away from coarse-constrained: pollen, recipe `modern`."""
    torch.set_num_threads(1)
    store, path = the_store("pollen", out, source), out / "ablation.csv"
    for seed in range(first_seed, first_seed + seeds):
        config = RECIPES["modern"].having(seed=seed, label_seed=seed, fine_per_class=labels, **POLLEN)
        config = config.having(constrained_epochs=epochs)
        coarse = None
        for name, change in ABLATIONS.items():
            if any(row.variant == name and row.seed == seed and row.labels == labels for row in read(path)):
                continue
            coarse = coarse or coarse_step(store, config, out / f"coarse-pollen-modern-{seed}.safetensors")
            (found,) = trained(store, config.having(**change), coarse, ["coarse-constrained"])
            write(path, replace(found, recipe="modern", labels=labels, seed=seed, variant=name))


def the_store(data: str, out: Path, source: Path | None) -> Path:
    """The store of a data set in `out`, made if it is not there."""
    out.mkdir(parents=True, exist_ok=True)
    path = (out / f"{data}.h5").resolve()  # checkpoints know their store by its path
    if not path.exists() and data == "pollen":
        assert source is not None, "--source is the folder of pollen73s"
        write_pollen(source, path)
    elif not path.exists():
        from lsl_tools.demo.store import write_demo_store

        write_demo_store(path, images=3000, fine_fraction=1.0)
    return path


def coarse_step(store: Path, config: TrainConfig, kept: Path) -> Checkpoint:
    """The network after the step on coarse labels, which all methods share. It is trained once and then `kept`."""
    if kept.exists():
        return read_checkpoint(kept, str(store))
    last: Checkpoint | None = None
    for epoch, checkpoint in training_of(store, config.having(method="data-level"))[1].run(lambda images: None):
        if epoch.step != "coarse":
            break
        last = replace(checkpoint, weights={name: value.clone() for name, value in checkpoint.weights.items()})
    assert last is not None
    write_checkpoint(kept, last, str(store))
    return read_checkpoint(kept, str(store))


def training_of(store: Path, config: TrainConfig) -> tuple[TrainingData, TwoStepTraining]:
    with Store(store) as opened:
        data = load_data(opened, config)
    return data, TwoStepTraining(data, config)


def trained(store: Path, config: TrainConfig, coarse: Checkpoint, methods: Sequence[str]) -> Iterator[Row]:
    """A row for each method. Feature-level goes on from data-level."""
    if "plain" in methods:
        yield from by_steps(store, config.having(method="plain"), None, {"fine": "plain"})
    if {"data-level", "feature-level"} & set(methods):
        names = {"fine": "data-level", "feature": "feature-level"}
        rows = by_steps(store, config.having(method="feature-level"), coarse, names)
        yield from (row for row in rows if row.method in methods)
    if "coarse-constrained" in methods:
        chosen = config.having(method="coarse-constrained")
        yield from by_steps(
            store, chosen, coarse if config.epochs.pretrain else None, {"constrained": "coarse-constrained"}
        )
    for name in ("two-head", "contrastive"):
        if name in methods:
            yield beside(store, config, coarse, name)


def by_steps(store: Path, config: TrainConfig, coarse: Checkpoint | None, names: dict[str, str]) -> Iterator[Row]:
    """A row at the end of each step that has a name here."""
    data, training = training_of(store, config)
    if coarse is not None:
        training.resume(coarse)
    started = time.process_time()
    for epoch, _ in training.run(lambda images: None):
        if training.step_finished and epoch.step in names:
            found = logits(training.network, data.test)[:, : len(data.fine_space)]
            yield scored(data, softmax(found), names[epoch.step], started)
            training.network.train()


def beside(store: Path, config: TrainConfig, coarse: Checkpoint, name: str) -> Row:
    """The row of a two-head network, or of supervised contrastive features. Both go on from the coarse step."""
    data, training = training_of(store, config.having(method="data-level"))
    training.resume(coarse)
    if name == "contrastive":
        config = config.having(strong=0.3)  # two equal views would teach it little
    assert data.coarse_space is not None
    place = dict(zip(data.fine.rows.tolist(), data.fine.labels.tolist(), strict=True))
    fine_of = np.array([place.get(row, -1) for row in data.coarse.rows.tolist()], dtype=np.int64)
    together = replace(data.coarse, labels=fine_of, others={data.coarse_space.name: data.coarse.labels})
    fine, both = len(data.fine_space), len(data.fine_space) + len(data.coarse_space)
    torch.manual_seed(config.seed + 1)
    network = training.network.with_head(both if name == "two-head" else 128)
    loss = two_heads(config, fine) if name == "two-head" else contrastive()
    sampler = mixed_batches(together.labels, config.descent.batch_size, config.constrained.labelled_share)
    views = 2 if name == "contrastive" else 1
    epochs = max(1, config.epochs.constrained_epochs // views)  # as many images as for the others
    step = Step(
        "constrained", together, loss, epochs, config.descent.learning_rate, True, 8, sampler, strong=views == 2
    )  # fmt: skip
    started = time.process_time()
    list(Learner(network, step, config).epochs(lambda images: None))
    return scored(data, answers(network, data, name), name, started)


def answers(network: Network, data: TrainingData, name: str) -> NDArray[np.floating]:
    """Probabilities (n, K) of the test images. Those of prototypes are 0 and 1."""
    if name == "two-head":
        return softmax(logits(network, data.test)[:, : len(data.fine_space)])
    nearest = nearest_prototype(network, data.fine, data.test)
    return np.eye(len(data.fine_space), dtype=np.float32)[nearest]


def scored(data: TrainingData, probabilities: NDArray[np.floating], method: str, started: float) -> Row:
    truth, parents = data.test.labels, np.array(data.fine_space.parent_index)
    several = (np.bincount(parents)[parents] > 1)[truth]
    given, own = probabilities.argmax(1), parents == parents[truth][:, None]
    kept, _ = constrained(probabilities.astype(np.float32), own)
    off, kept_off = np.abs(given - truth), np.abs(kept.astype(int) - truth)
    return Row(
        recipe="", method=method, labels=0, seed=0, variant="",
        accuracy=mean(off == 0), several=mean(off[several] == 0), single=mean(off[~several] == 0),
        coarse=mean(parents[given] == parents[truth]), within_one=mean(off <= 1),
        constrained=mean(kept_off[several] == 0), constrained_within_one=mean(kept_off[several] <= 1),
        seconds=round(time.process_time() - started, 1),
    )  # fmt: skip


def mean(right: NDArray[np.bool_]) -> float:
    return round(float(right.mean()), 4) if len(right) else float("nan")


if __name__ == "__main__":
    app()
