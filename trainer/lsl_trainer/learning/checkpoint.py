"""Checkpoints: all that a training needs to go on after an epoch, in one safetensors file, never a pickle."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lsl_shared.errors import TrainingError
from lsl_shared.files.atomic import atomic_path
from lsl_trainer.networks.adapters import merged_state

__all__ = ["Checkpoint", "read_checkpoint", "save_weights", "write_checkpoint"]

_FORMAT, _VERSION = "lsl-checkpoint", "1"


@dataclass(frozen=True)
class Checkpoint:
    """The state after an epoch. Everything else follows from the settings, the data and the epoch's number."""

    step: str
    """coarse, fine or feature."""
    epoch: int
    """Epochs of that step that are done."""
    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    reference_sets: Tensor | None
    """int64 (n_sets, K), from step feature on."""
    notes: tuple[str, ...]


def write_checkpoint(path: Path, checkpoint: Checkpoint, data_digest: str) -> None:
    """Writes a checkpoint in one piece; `data_digest` tells what it was trained on."""
    tensors = {f"weights/{name}": value for name, value in checkpoint.weights.items()}
    tensors |= {f"optimizer/{name}": value for name, value in checkpoint.optimizer.items()}
    if checkpoint.reference_sets is not None:
        tensors["reference_sets"] = checkpoint.reference_sets
    told = {
        "format": _FORMAT, "version": _VERSION, "step": checkpoint.step, "epoch": str(checkpoint.epoch),
        "notes": json.dumps(checkpoint.notes), "data": data_digest,
    }  # fmt: skip
    _save(path, tensors, told)


def read_checkpoint(path: Path, data_digest: str) -> Checkpoint:
    """Reads `write_checkpoint` back. Raises TrainingError for a damaged file, or one of other data."""
    try:
        with safe_open(path, "pt") as file:
            told = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a mapping
    except (OSError, SafetensorError) as problem:
        raise TrainingError(f"{path}: cannot be read ({problem}); start anew with another --out") from None
    if (told.get("format"), told.get("version")) != (_FORMAT, _VERSION):
        raise TrainingError(f"{path}: not a checkpoint of this version of lsl-train; start anew with another --out")
    if told["data"] != data_digest:
        raise TrainingError(f"{path}: was trained on other images or labels; give its store, or start anew")
    return Checkpoint(
        step=told["step"],
        epoch=int(told["epoch"]),
        weights=_below("weights/", tensors),
        optimizer=_below("optimizer/", tensors),
        reference_sets=tensors.get("reference_sets"),
        notes=tuple(json.loads(told["notes"])),
    )


def save_weights(path: Path, checkpoint: Checkpoint) -> None:
    """Writes the weights of the plain network alone, adapters merged, for other programs."""
    _save(path, merged_state(checkpoint.weights), {"step": checkpoint.step, "epoch": str(checkpoint.epoch)})


def _save(path: Path, tensors: dict[str, Tensor], told: dict[str, str]) -> None:
    stored = {name: torch.as_tensor(value).detach().cpu().contiguous() for name, value in tensors.items()}
    with atomic_path(path) as temporary:
        try:
            save_file(stored, temporary, told)
        except SafetensorError as problem:  # a full disk, too
            remedy = "the one before is intact: make room, then go on with --resume"
            raise TrainingError(f"{path}: the checkpoint cannot be written ({problem}); {remedy}") from None


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
