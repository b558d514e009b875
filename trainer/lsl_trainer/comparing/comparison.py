"""Compares the methods over several seeds, on equal terms, as the paper's Table II and Figures 5 and 6 do.

Each seed has its own split and its own draw of fine labels. The methods of a seed share both, and they share the steps
that they have in common. Each finished training is kept. So a rerun goes on where it stopped, and seeds and methods can
be added to a comparison later.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError, TrainingError
from lsl_shared.files.atomic import write_text
from lsl_shared.files.store import Store
from lsl_trainer.comparing.outcomes import Outcome, answered, read_outcome, write_outcome, write_responses
from lsl_trainer.comparing.report import write_comparison_report
from lsl_trainer.comparing.rows import check_rows, learnt, method_of
from lsl_trainer.comparing.scores import Comparison, check_same_images, row_differences, row_scores
from lsl_trainer.data.chosen_tasks import task_to_learn
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.processes import new_fabric
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.config_file import read_config, write_config
from lsl_trainer.settings.method import find_method

__all__ = ["compare"]

_CONFIG, _JSON, _REPORT, _CHECKPOINTS = "config.toml", "comparison.json", "report.html", "checkpoints"


def compare(
    store: str | Path,
    config: TrainConfig,
    out: str | Path,
    *,
    rows: Sequence[str] = (),
    seeds: int = 5,
    device: torch.device | None = None,
    on_epoch: Callable[[str, int, Epoch], None] | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> Comparison:
    """Trains methods for several seeds and compares them.

    Each seed sets both `seed` and `label_seed` of the settings. What `out` holds already is not trained again.

    Args:
        store: the image store, an HDF5 file.
        config: the settings of all trainings; `config.seed` is the first seed, and the method is ignored.
        out: the folder of the comparison: a new one, or one with the same settings, to go on with.
        rows: names of methods and controls, such as "plain" or "prototype"; none of them means all.
        seeds: how many seeds, at least 1.
        device: where to train; None takes a GPU if there is one.
        on_epoch: is called with the row, the seed and the epoch after each epoch.
        on_outcome: is called with the answers of each row and seed, whether trained now or found in `out`.

    Returns:
        The scores of the rows and their differences, which `out` also holds as report.html and comparison.json.

    Raises:
        ConfigError: if a row is unknown, or `out` holds something else.
        TrainingError: if there is nothing to train on or to test.
        StoreError: if the store cannot be read, or lacks the task.

    Example:
        >>> from lsl_trainer import PRESETS, NetworkConfig, compare
        >>> network = NetworkConfig(widths=(4, 8), strides=(1, 2), pool=2)
        >>> config = PRESETS["tiny"].having(network=network, fine_epochs=2, batch_size=8)
        >>> compared = compare("store.h5", config, "comparison", rows=["plain", "gabor"], seeds=1)
        >>> [row.name for row in compared.rows], len(compared.differences)
        (['gabor', 'plain'], 1)
    """
    rows, out = check_rows(rows), Path(out)
    if seeds < 1:
        raise ConfigError(f"--seeds must be at least 1, received {seeds}")
    if config.labels.robust:
        raise ConfigError("a comparison learns from all labels: leave --robust out")
    fabric = new_fabric(config.descent.precision, device)
    if fabric.world_size > 1:
        raise ConfigError("a comparison runs in one process: start lsl-compare without torchrun")
    with Store(store) as opened:
        _begin(config, out)
        told = on_epoch or (lambda row, seed, epoch: None)
        settings = [config.having(seed=seed, label_seed=seed) for seed in range(config.seed, config.seed + seeds)]
        found = [one for each in settings for one in _of_seed(opened, each, out, rows, fabric, told, on_outcome)]
        space = task_to_learn(opened, config.labels)
    by_row = [[outcome for outcome in found if outcome.row == row] for row in rows]
    check_same_images(by_row)
    comparison = Comparison(
        path=out,
        space=space,
        rows=tuple(row_scores(outcomes, space) for outcomes in by_row),
        differences=tuple(row_differences(by_row, config.seed)),
        notes=_notes(found),
    )
    _write(comparison, config, Path(store))
    return comparison


def _begin(config: TrainConfig, out: Path) -> None:
    """Writes the settings, or makes sure that they are those of what was trained here."""
    path, settings = out / _CONFIG, config.having(method="feature-level")
    if not path.exists() and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} exists already and holds no comparison; choose another --out")
    if not any(out.glob("seed-*")):
        write_config(settings, path)
    elif read_config(path) != settings:
        raise ConfigError(f"{out} holds a comparison with other settings ({path}); choose another --out")


def _of_seed(
    store: Store,
    config: TrainConfig,
    out: Path,
    rows: Sequence[str],
    fabric: Fabric,
    on_epoch: Callable[[str, int, Epoch], None],
    on_outcome: Callable[[Outcome], None] | None,
) -> list[Outcome]:
    """The outcomes of one seed. Rows that `out` does not have yet are trained."""
    folder, fingerprint = out / f"seed-{config.seed}", store.fingerprint()
    found, part = [], None
    for row in rows:
        path = folder / f"{row}.json"
        if path.exists():
            outcome = read_outcome(path, fingerprint)
        else:
            part = _part(store, config, rows) if part is None else part
            outcome = _train(store, config, part, row, folder, fabric, on_epoch)
            write_outcome(path, outcome)
        if on_outcome:
            on_outcome(outcome)
        found.append(outcome)
    shutil.rmtree(folder / _CHECKPOINTS, ignore_errors=True)
    return found


def _part(store: Store, config: TrainConfig, rows: Sequence[str]) -> NDArray[np.int8]:
    """The split of a seed: that of a method with coarse labels, if there is one; it has the most images."""
    methods = [find_method(method_of(row)) for row in rows]
    widest = next((method for method in methods if method.coarse_labels), methods[0]).name
    return load_data(store, config.having(method=widest)).part


def _train(
    store: Store,
    config: TrainConfig,
    part: NDArray[np.int8],
    row: str,
    folder: Path,
    fabric: Fabric,
    on_epoch: Callable[[str, int, Epoch], None],
) -> Outcome:
    started = time.monotonic()
    data = load_data(store, config.having(method=method_of(row)), part)
    if not len(data.test):
        raise TrainingError(f"no test image carries a label of {data.fine_space.name!r}: nothing can be compared")
    training = learnt(row, data, config, folder / _CHECKPOINTS, fabric, lambda epoch: on_epoch(row, config.seed, epoch))
    seconds = time.monotonic() - started
    if row != "prototype":
        write_responses(folder / f"{row}.responses.npz", training)
    return answered(row, training, seconds)


def _notes(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """What was noted in the trainings. Each note names the rows and seeds that it is about."""
    where: dict[str, dict[str, list[int]]] = {}
    for outcome in outcomes:
        for note in outcome.notes:
            where.setdefault(note, {}).setdefault(outcome.row, []).append(outcome.seed)
    return tuple(
        f"{note} ({'; '.join(f'{row}, seed {_numbers(seeds)}' for row, seeds in rows.items())})"
        for note, rows in where.items()
    )


def _numbers(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def _write(comparison: Comparison, config: TrainConfig, store: Path) -> None:
    head = {"format": "lsl-comparison", "version": 1, "store": str(store), "package_version": version("lsl-toolkit")}
    figures = {**head, **comparison.to_dict(), "config": config.to_dict()}
    write_comparison_report(comparison, config)
    write_text(comparison.path / _JSON, json.dumps(figures, indent=1, ensure_ascii=False))
