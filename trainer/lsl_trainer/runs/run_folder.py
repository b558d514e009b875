"""The folder of a run: what its files are called, and whether a training may begin or go on in it."""

from __future__ import annotations

from pathlib import Path

from lsl_shared.errors import TrainingError
from lsl_shared.files.output_file import check_writable

__all__ = [
    "CHECKPOINTS",
    "CONFIG",
    "EPOCHS",
    "EVENTS",
    "LAST",
    "METRICS",
    "MODEL",
    "MODEL_FP16",
    "MODEL_INT8",
    "REPORT",
    "check_new",
    "check_resumable",
]

CONFIG, METRICS, REPORT, EVENTS = "config.toml", "metrics.json", "report.html", "tensorboard"
CHECKPOINTS, LAST, EPOCHS = "checkpoints", "last.safetensors", "epochs.json"
MODEL, MODEL_FP16, MODEL_INT8 = "model", "model-fp16", "model-int8"


def check_resumable(out: Path) -> None:
    """Raises TrainingError unless `out` holds a run that was begun and not finished."""
    if not (out / CONFIG).exists():
        raise TrainingError(f"{out} holds no run to go on with; leave out --resume to begin one")
    if (out / METRICS).exists():
        raise TrainingError(f"{out} is finished; begin another run with another --out")
    check_writable(out / CONFIG)


def check_new(out: Path) -> None:
    """Raises TrainingError unless `out` is a new or an empty folder, DataFileError where it cannot be written."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        begun = (out / CONFIG).exists() and not (out / METRICS).exists()
        remedy = "--resume goes on with it" if begun else "choose another --out"
        raise TrainingError(f"{out} exists already; {remedy}")
    check_writable(out / CONFIG, remedy="choose another --out")
