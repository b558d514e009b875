"""What a comparison keeps of one row and seed: the answers for the test images, in a JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lsl_shared.errors import TrainingError
from lsl_shared.files.atomic import atomic_path, write_text
from lsl_trainer.comparing.prototypes import nearest_prototype
from lsl_trainer.comparing.responses import filter_responses
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.inference import logits_of

__all__ = ["Outcome", "answered", "read_outcome", "write_outcome", "write_responses"]

_SHOWN_IMAGES, _SHOWN_FILTERS = 2, 24


@dataclass(frozen=True)
class Outcome:
    """The answers of one row and seed."""

    row: str
    seed: int
    fingerprint: str
    """Of the store."""
    ids: tuple[str, ...]
    """The test images (N,)."""
    groups: tuple[int, ...]
    """Their genes, (N,)."""
    truth: tuple[int, ...]
    """Their classes, (N,)."""
    predicted: tuple[int, ...]
    """The classes that the row gives them, (N,)."""
    fine_images: int
    """So many images with fine labels were trained on."""
    coarse_images: int
    seconds: float
    """Time of the training, without the steps that it shares with a row before it."""
    notes: tuple[str, ...] = ()


def answered(row: str, training: TwoStepTraining, seconds: float) -> Outcome:
    """The answers of a trained row for the test images, computed by torch in float32."""
    data, network = training.data, training.network
    if row == "prototype":
        predicted = nearest_prototype(network, data.fine, data.test)
    else:
        logits = logits_of(network, data.test.images, data.test.rows).numpy()
        predicted = logits[:, : len(data.fine_space)].argmax(1)
    return Outcome(
        row=row,
        seed=training.config.seed,
        fingerprint=data.fingerprint,
        ids=tuple(map(str, data.test.ids)),
        groups=tuple(data.test.groups.tolist()),
        truth=tuple(data.test.labels.tolist()),
        predicted=tuple(predicted.tolist()),
        fine_images=int((data.fine.labels >= 0).sum()),
        coarse_images=len(data.coarsely_labelled),
        seconds=seconds,
        notes=tuple(training.notes),
    )


def write_outcome(path: Path, outcome: Outcome) -> None:
    """Writes an outcome. The file is whole or absent."""
    write_text(path, json.dumps(asdict(outcome), ensure_ascii=False))


def read_outcome(path: Path, fingerprint: str) -> Outcome:
    """Reads what `write_outcome` wrote. A damaged file, or one of another store, is a TrainingError."""
    try:
        entries: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        lists = {name: tuple(value) for name, value in entries.items() if isinstance(value, list)}
        outcome = Outcome(**{**entries, **lists})
    except (OSError, ValueError, TypeError, AttributeError) as problem:
        raise TrainingError(f"{path}: cannot be read ({problem}); remove it, and it is made again") from None
    if outcome.fingerprint != fingerprint:
        raise TrainingError(f"{path}: is of another store; give that one, or choose another --out")
    return outcome


def write_responses(path: Path, training: TwoStepTraining) -> None:
    """Keeps what the first filters answer to a few test images of different classes, for Figure 6 (NumPy .npz)."""
    test = training.data.test
    first = np.unique(test.labels, return_index=True)[1]
    shown = first[np.unique(np.linspace(0, len(first) - 1, _SHOWN_IMAGES + 2)[1:-1].astype(int))]
    images = test.images[test.rows[shown]]
    responses = filter_responses(training.network, images)[:, :_SHOWN_FILTERS].astype(np.float16)
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, images=images, responses=responses, labels=test.labels[shown])
