from __future__ import annotations

import resource
from pathlib import Path

import pytest
import torch

from lsl_shared import TrainingError
from lsl_trainer.learning.checkpoint import Checkpoint, read_checkpoint, save_weights, write_checkpoint


def checkpoint() -> Checkpoint:
    return Checkpoint(
        step="feature",
        epoch=3,
        weights={"body.0.weight": torch.randn(4, 3, 3, 3).to(memory_format=torch.channels_last)},
        optimizer={"0.step": torch.tensor(12.0), "0.exp_avg": torch.randn(2)},
        reference_sets=torch.tensor([[1, -1], [2, -1]]),
        notes=("stage 4 is rare", "τ"),
    )


def test_it_survives_the_file(tmp_path: Path) -> None:
    written = checkpoint()
    write_checkpoint(tmp_path / "last.safetensors", written, "data")
    found = read_checkpoint(tmp_path / "last.safetensors", "data")
    assert (found.step, found.epoch, found.notes) == (written.step, written.epoch, written.notes)
    assert found.reference_sets is not None and written.reference_sets is not None
    assert torch.equal(found.reference_sets, written.reference_sets)
    for kind in ("weights", "optimizer"):
        wanted = getattr(written, kind)
        assert set(getattr(found, kind)) == set(wanted)
        assert all(torch.equal(value, wanted[name]) for name, value in getattr(found, kind).items())


def test_other_data_and_damaged_or_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    write_checkpoint(path, checkpoint(), "data")
    with pytest.raises(TrainingError, match="was trained on other images or labels"):
        read_checkpoint(path, "other data")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(TrainingError, match="cannot be read"):
        read_checkpoint(path, "data")
    save_weights(path, checkpoint())
    with pytest.raises(TrainingError, match="not a checkpoint"):
        read_checkpoint(path, "data")


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    write_checkpoint(path, checkpoint(), "data")
    before, (soft, hard) = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(TrainingError, match=r"cannot be written .*File too large.* --resume"):
            write_checkpoint(path, checkpoint(), "data")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["last.safetensors"]
