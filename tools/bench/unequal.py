"""Coarse constraints where siblings are unequal: coarse-constrained against feature-level, on thinned-out stores.

    python tools/bench/unequal.py run OUT --data FOLDER [--store pollen] [--version rare] [--labels 5] [--jobs 4]
    python tools/bench/unequal.py table OUT

FOLDER holds `pollen.h5` and `demo.h5`, as `label_efficiency.py` makes them (with smaller images, too). A version leaves
out training images, so that siblings have shares of 1 to 8: `geometric`, `rare` (one has an eighth of the others),
`dominant` (one has eight times the others), `random`; or `equal`, all of them. The seed says which sibling is rare.
`few` has two coarse and four fine classes of 98, 42, 30 and 16 images, and learns them by preset `tiny`.

All test images stay. The accuracy weighs them by the share of their class; the mean of classes does not.

Each training is a line of OUT/unequal.csv, and a rerun goes on where it stopped. `--jobs N` trains N at once, a thread
each.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from label_efficiency import DEMO, POLLEN
from numpy.typing import NDArray
from trainings import logits
from unequal_rows import Job, Row, read, table_lines, write
from unequal_versions import VERSIONS, Version, thinned

from lsl_shared import Store
from lsl_trainer.data.load import load_data
from lsl_trainer.data.split import split_store
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from lsl_trainer.learning.processes import new_fabric
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.presets import PRESETS

app = typer.Typer(add_completion=False, help=__doc__)
VARIANTS: dict[str, dict[str, Any]] = {
    "feature-level": {"method": "feature-level"},
    "coarse-constrained": {},
    "before": {"shares": "equal", "pseudo_after": 0.0, "trial": 0.0},
}
"""What is compared: the settings that differ from coarse-constrained. `before` takes siblings as equal."""
SHORT = {"demo": {"constrained_epochs": 15}}


@app.command()
def run(
    out: Path,
    data: Annotated[Path, typer.Option(help="the folder of the stores")],
    store: Annotated[list[str] | None, typer.Option()] = None,
    version: Annotated[list[str] | None, typer.Option()] = None,
    labels: Annotated[list[int] | None, typer.Option()] = None,
    variant: Annotated[list[str] | None, typer.Option()] = None,
    seed: Annotated[list[int] | None, typer.Option()] = None,
    epochs: Annotated[int | None, typer.Option(help="of coarse-constrained")] = None,
    jobs: int = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda, or mixed: every second process on the GPU")] = "cpu",
    seconds: Annotated[float, typer.Option(help="begin nothing after so long")] = 1e9,
) -> None:
    """Trains what OUT does not hold yet."""
    out.mkdir(parents=True, exist_ok=True)
    done = {row.job for row in read(out)}
    wanted = [
        Job(one, kind, count, number, name)
        for number in seed or range(3)
        for count in labels or (1, 5)
        for name in variant or list(VARIANTS)[:2]
        for one in store or ("pollen", "demo")
        for kind in version or VERSIONS
    ]
    work = partial(_work, data=data, out=out, until=time.time() + seconds, device=device, epochs=epochs)
    todo = [job for job in wanted if job not in done and not (job.version == "few" and job.store != "demo")]
    if jobs == 1:
        list(map(work, todo))
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        list(pool.imap_unordered(work, todo))


@app.command()
def table(out: Path) -> None:
    """Coarse-constrained less feature-level, of the trainings in OUT."""
    print("\n".join(table_lines(read(out))))


def _work(job: Job, *, data: Path, out: Path, until: float, device: str, epochs: int | None) -> None:
    """Trains if there is time, and writes the row."""
    torch.set_num_threads(1)
    if time.time() > until:
        return
    if device == "mixed":
        place = (multiprocessing.current_process()._identity or (0,))[0]
        device = "cuda" if place % 2 else "cpu"
    write(out, trained(data, job, config_of(job).having(constrained_epochs=epochs), device, out))


def config_of(job: Job) -> TrainConfig:
    """The settings of a training."""
    own = {"method": "coarse-constrained", **VARIANTS[job.variant]}
    own |= {"seed": job.seed, "label_seed": job.seed, "fine_per_class": job.labels}
    if job.version == "few":
        return PRESETS["tiny"].having(**own)
    shape = POLLEN if job.store == "pollen" else DEMO
    return PRESETS["modern"].having(**{**shape, **SHORT.get(job.store, {}), **own})


def training_of(folder: Path, job: Job, config: TrainConfig, device: str) -> tuple[TwoStepTraining, Version]:
    """A training that has not begun, and the version of the store that it learns from."""
    with Store(folder / f"{job.store}.h5") as store:
        fine = next(space for space in store.tasks.values() if space.parent)
        part = split_store(store, config.labels.split, (fine.parent, fine.name), np.random.default_rng([job.seed, 1]))
        version = thinned(store, fine, part, job.version, job.seed)
        data = load_data(store, config, version.part)
    return TwoStepTraining(data, config, new_fabric("fp32", torch.device(device))), version


def trained(folder: Path, job: Job, config: TrainConfig, device: str, out: Path) -> Row:
    """The row of a training."""
    started = time.perf_counter()
    training, version = training_of(folder, job, config, device)
    training.resume(after_coarse(folder, job, device, out))
    for _ in training.run(lambda images: None):
        pass
    scores = scored(training, version.shares)
    return Row(job, **scores, seconds=round(time.perf_counter() - started, 1), device=device)


def after_coarse(folder: Path, job: Job, device: str, out: Path) -> Checkpoint:
    """The network after the step on coarse labels, which all methods share: trained once, and kept in `out`."""
    kept = out / f"coarse-{job.store}-{job.version}-{job.seed}.safetensors"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process trains, others wait
        if not kept.exists():
            training, _ = training_of(folder, job, config_of(job).having(method="data-level"), device)
            for epoch, checkpoint in training.run(lambda images: None):
                if training.step_finished and epoch.step == "coarse":
                    write_checkpoint(kept, checkpoint, kept.stem)
                    break
    return read_checkpoint(kept, kept.stem)


def scored(training: TwoStepTraining, shares: NDArray[np.float64]) -> dict[str, float]:
    """What a network is worth on the test images; `shares` (K,) weigh them."""
    data = training.data
    truth, parents = data.test.labels, np.asarray(data.fine_space.parent_index)
    given = logits(training.network, data.test)[:, : len(data.fine_space)].argmax(1)
    right, weights, rare = given == truth, shares[truth], shares[truth] <= 0.3
    return {
        "accuracy": weighted(right, weights),
        "average": by_class(right, truth),
        "rare": by_class(right[rare], truth[rare]),
        "coarse": weighted(parents[given] == parents[truth], weights),
        "within_one": weighted(np.abs(given - truth) <= 1, weights),
    }


def weighted(right: NDArray[np.bool_], weights: NDArray[np.float64]) -> float:
    """The share of right answers, weighted."""
    return round(float((right * weights).sum() / weights.sum()), 4)


def by_class(right: NDArray[np.bool_], truth: NDArray[np.int64]) -> float:
    """The mean over classes of their shares of right answers; NaN without any."""
    found = [right[truth == label].mean() for label in np.unique(truth)]
    return round(float(np.mean(found)), 4) if found else float("nan")


if __name__ == "__main__":
    app()
