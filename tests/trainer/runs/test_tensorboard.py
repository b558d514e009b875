from __future__ import annotations

import time
from pathlib import Path

import pytest

from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.runs.tensorboard import event_log

EPOCHS = [Epoch("coarse", 1, 2.0, 0.25, 0.1), Epoch("coarse", 2, 1.5, 0.5, 0.1), Epoch("fine", 1, 3.0, 0.125, 0.01)]


def test_tensorboard_reads_the_curves_of_a_run_that_went_on(tmp_path: Path) -> None:
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log = event_log(tmp_path)
    for epoch in EPOCHS[:2]:
        log(epoch)
    time.sleep(1.1)  # TensorBoard reads files by the second in their names, as runs that go on have them
    event_log(tmp_path, EPOCHS[:1])(EPOCHS[1])  # killed after an epoch that the checkpoint did not hold
    time.sleep(1.1)
    event_log(tmp_path, EPOCHS[:2])(EPOCHS[2])
    read = accumulators.EventAccumulator(str(tmp_path))
    read.Reload()
    assert [(event.step, event.value) for event in read.Scalars("coarse/loss")] == [(1, 2.0), (2, 1.5)]
    assert [(event.step, event.value) for event in read.Scalars("fine/accuracy")] == [(3, 0.125)]


def test_without_tensorboard_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    event_log(tmp_path / "events")(EPOCHS[0])
    assert not (tmp_path / "events").exists()
