"""Do coarse labels and reference sets help if there are few fine labels? The paper's Table II, on data at hand.

    python tools/bench/lowshot.py pollen ../shared/data/pollen73s OUT [--seeds 5] [--labels 5]
    python tools/bench/lowshot.py demo OUT [--images 3000] [--seeds 3] [--labels 10]
    python tools/bench/lowshot.py why OUT [--seeds 2]     (after one of the others)

`pollen` has 73 species of 34 families: grey images of 64×64 pixels, all training images with their family, split at
random because there are no genes. `demo` has synthetic embryos, split by gene. Both make OUT/store.h5, train all
methods and controls with `lsl_trainer.compare`, and print a line for each training and a table at the end. A rerun goes
on where it stopped.

`why` looks into step two on the same store: how steep L_S is beside L_CE, and what each of its settings changes.
"""

from __future__ import annotations

import csv
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import typer
from numpy.typing import NDArray
from trainings import share_right

from lsl_shared import LabelSpace, Store, StoreWriter
from lsl_trainer.comparing.comparison import compare
from lsl_trainer.comparing.outcomes import Outcome
from lsl_trainer.comparing.rows import learnt
from lsl_trainer.comparing.scores import Comparison, Spread
from lsl_trainer.data.batch import Batch, Loss, in_unit_range, to_tensor
from lsl_trainer.data.load import load_data
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.learning.processes import one_process
from lsl_trainer.losses.cross_entropy import cross_entropy
from lsl_trainer.losses.feature_level import combined_loss
from lsl_trainer.losses.references import ReferenceWarning, select_references
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.config_file import read_config
from lsl_trainer.settings.network import NetworkConfig
from lsl_trainer.settings.presets import PRESETS

app = typer.Typer(add_completion=False, help=__doc__)
SIDE = 64
POLLEN = PRESETS["tiny"].having(
    network=NetworkConfig(widths=(24, 48, 96, 192), strides=(2, 2, 2, 2), stem_stride=2, pool=1, pooled_shortcut=True),
    split="random",
    batch_size=32,
    coarse_epochs=20,
    fine_epochs=40,
    feature_epochs=15,
    flip=True,
    rotation=30.0,
    scale=0.1,
)
ROWS = ("gabor", "plain", "data-level", "feature-level", "continued", "prototype")
"""The methods of Table II and the controls."""
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "L_CE alone": ("continued", {}),
    "as in the table, T 1": ("feature-level", {}),
    "T 0.3": ("feature-level", {"similarity_temperature": 0.3}),
    "T 0.1": ("feature-level", {"similarity_temperature": 0.1}),
    "T 0.03": ("feature-level", {"similarity_temperature": 0.03}),
    "rate × 5": ("feature-level", {"feature_learning_rate": 0.001}),
    "rate × 5, L_CE alone": ("continued", {"feature_learning_rate": 0.001}),
    "τ 0.9": ("feature-level", {"threshold": 0.9}),
    "one reference set": ("feature-level", {"reference_sets": 1}),
    "BatchNorm frozen": ("feature-level", {}),
    "BatchNorm frozen, L_CE alone": ("continued", {}),
}
"""Row of the comparison, and the settings that differ, by name."""


@app.command()
def pollen(source: Path, out: Path, seeds: int = 5, labels: int = 5) -> None:
    """Pollen grains: species from family."""
    store = out / "store.h5"
    if not store.exists():
        write_pollen(source, store)
    run(store, POLLEN.having(fine_per_class=labels), out, seeds)


@app.command()
def demo(out: Path, images: int = 3000, seeds: int = 3, labels: int = 10) -> None:
    """Synthetic embryos: stage from stage range."""
    from lsl_tools.demo.store import write_demo_store

    store = out / "store.h5"
    if not store.exists():
        out.mkdir(parents=True, exist_ok=True)
        write_demo_store(store, images=images, fine_fraction=1.0)
    run(store, PRESETS["tiny"].having(fine_per_class=labels), out, seeds)


def run(store: Path, config: TrainConfig, out: Path, seeds: int) -> None:
    torch.set_num_threads(1)
    print_table(compare(store, config, out / "comparison", rows=ROWS, seeds=seeds, on_outcome=print_outcome))


def print_outcome(outcome: Outcome) -> None:
    right = np.mean(np.array(outcome.truth) == np.array(outcome.predicted))
    print(f"seed {outcome.seed}  {outcome.row:<16} {100 * right:5.1f} %  {outcome.seconds:6.0f} s", flush=True)


def print_table(found: Comparison) -> None:
    print("\n| | accuracy | mean of classes | ±1 class | coarse class | macro F1 |\n|---|---|---|---|---|---|")
    for row in found.rows:
        spreads = (row.accuracy, row.average, row.within_one, row.coarse_accuracy, row.macro_f1)
        print(f"| {row.name} | {' | '.join(map(percent, spreads))} |")
    print()
    for pair in found.differences:
        if pair.p_holm < 0.05:
            band = f"{100 * pair.low:+.1f} … {100 * pair.high:+.1f}"
            print(f"{pair.first} − {pair.second}: {100 * pair.difference:+.1f} ({band}), Holm p {pair.p_holm:.4f}")


def percent(spread: Spread | None) -> str:
    if spread is None:
        return "–"
    return f"{100 * spread.mean:.1f} ± {100 * (spread.deviation or 0):.1f} %"


@app.command()
def why(out: Path, seeds: int = 2) -> None:
    """What the settings of step two change."""
    torch.set_num_threads(1)
    base = read_config(out / "comparison" / "config.toml").having(method="feature-level")
    with Store(out / "store.h5") as store:
        for seed in range(seeds):
            config = base.having(seed=seed, label_seed=seed)
            data, folder = load_data(store, config), out / "why" / f"seed-{seed}"
            begun = learn("data-level", data, config, folder)
            print(f"seed {seed}  data-level: {share_right(begun.network, data.test):.1%}", flush=True)
            print_steepness(begun.network, data, config)
            for number, (name, (row, changed)) in enumerate(VARIANTS.items()):
                own = folder / str(number)
                own.mkdir(exist_ok=True)
                for path in folder.glob("coarse+fine-*"):
                    shutil.copy(path, own)
                with frozen_statistics() if "frozen" in name else nullcontext():
                    found = learn(row, data, config.having(**changed), own)
                print(f"seed {seed}  {name:<28} {share_right(found.network, data.test):.1%}", flush=True)


def learn(row: str, data: TrainingData, config: TrainConfig, folder: Path) -> TwoStepTraining:
    return learnt(row, data, config, folder, one_process(), lambda epoch: None)


@contextmanager
def frozen_statistics() -> Iterator[None]:
    """Within, BatchNorm normalizes by its running statistics although it learns, and does not change them."""
    original = torch.nn.BatchNorm2d.train
    torch.nn.BatchNorm2d.train = lambda self, mode=True: original(self, False)  # type: ignore[method-assign]
    try:
        yield
    finally:
        torch.nn.BatchNorm2d.train = original  # type: ignore[method-assign]


def print_steepness(network: Network, data: TrainingData, config: TrainConfig) -> None:
    """Prints the norm of the gradient of L_S relative to that of L_CE as step two begins, and how far L_S can fall."""
    probabilities = torch.softmax(logits_of(network, data.fine.images, data.fine.rows), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReferenceWarning)
        sets = select_references(
            probabilities, torch.from_numpy(data.fine.labels), config.references.threshold,
            config.references.reference_sets, torch.Generator().manual_seed(0),
        )  # fmt: skip
    classes = len(data.fine_space)
    for temperature in (1.0, 0.3, 0.1, 0.03):
        references = config.having(similarity_temperature=temperature).references
        loss = combined_loss(data.fine, sets, references, config.regularization)
        both, alone = (gradient(network, data, one) for one in (loss, cross_entropy(config.regularization)))
        best = 1 / (1 + (classes - 1) * np.exp(-1 / temperature))
        print(
            f"T {temperature}: |∇L_S| / |∇L_CE| {(both - alone).norm() / alone.norm():.3f}, L_S spans "
            f"{(best - 1 / classes) * classes / (classes - 1):.3f} from no similarity to the best",
            flush=True,
        )


def gradient(network: Network, data: TrainingData, loss: Loss) -> torch.Tensor:
    """The gradient, by all weights of F, of the loss of a batch of 128 training images."""
    positions = np.random.default_rng(0).permutation(len(data.fine))[:128]
    pixels = to_tensor(in_unit_range(data.fine.images[data.fine.rows[positions]]), torch.device("cpu"))
    labels = torch.from_numpy(data.fine.labels[positions])
    draws = torch.Generator().manual_seed(0)
    network.train()
    value, _ = loss(network, Batch(pixels, labels, {}, torch.from_numpy(positions), draws))
    return torch.cat([part.flatten() for part in torch.autograd.grad(value, list(network.body.parameters()))])


def write_pollen(source: Path, path: Path) -> None:
    """Writes a store of grey images of 64×64 pixels, padded with the median of their border."""
    with (source / "labels.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    families = sorted({row["family"] for row in rows})
    parents = {row["species"]: row["family"] for row in sorted(rows, key=lambda row: row["species"])}
    family, species = LabelSpace("family", tuple(families)), list(parents)
    with StoreWriter(path, SIDE, SIDE) as writer:
        for row in rows:
            writer.append(grey_square(source / row["file"]), id=row["file"])
        writer.add_task(family, [families.index(row["family"]) for row in rows])
        fine = LabelSpace.fine("species", parents, family)
        writer.add_task(fine, [species.index(row["species"]) for row in rows])


def grey_square(path: Path) -> NDArray[np.uint8]:
    """An image (64, 64, 3) that keeps its proportions."""
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert grey is not None, path
    scale = SIDE / max(grey.shape)
    small = cv2.resize(grey, (round(grey.shape[1] * scale), round(grey.shape[0] * scale)), interpolation=cv2.INTER_AREA)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    square = np.full((SIDE, SIDE), np.median(border), np.uint8)
    top, left = (SIDE - small.shape[0]) // 2, (SIDE - small.shape[1]) // 2
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    return np.repeat(square[:, :, None], 3, axis=2)


if __name__ == "__main__":
    app()
