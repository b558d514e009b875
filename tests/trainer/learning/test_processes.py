"""Two processes that share every batch, started by torchrun over gloo, learn what one process learns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file

from lsl_shared.errors import ConfigError
from lsl_trainer.learning.processes import new_fabric, own_share
from lsl_trainer.settings.config_file import write_config
from tests.support.squares import small_config


def trained(store: Path, out: Path, config: Path, *launcher: str) -> dict[str, torch.Tensor]:
    command = [sys.executable, "-m", *launcher, "lsl_trainer", str(store), "--config", str(config), "--out", str(out)]
    clean = {name: value for name, value in os.environ.items() if name not in ("WORLD_SIZE", "RANK")}
    done = subprocess.run(command, env={**clean, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return load_file(out / "checkpoints" / "feature.safetensors")


def test_two_processes_learn_what_one_does(store: Path, tmp_path: Path) -> None:
    """Group normalization does not see the other images of a batch, so only the order of sums differs."""
    config = small_config().having(
        coarse_epochs=1, fine_epochs=2, feature_epochs=1, batch_size=24, reference_draw="batch", light=0.2
    )
    config = config.having(network=replace(config.network, norm="group"))
    write_config(config, tmp_path / "config.toml")
    alone = trained(store, tmp_path / "one", tmp_path / "config.toml")
    launcher = ("torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29617", "-m")
    shared = trained(store, tmp_path / "two", tmp_path / "config.toml", *launcher)
    for name, value in alone.items():
        torch.testing.assert_close(shared[name], value, rtol=0, atol=2e-5)
    one, two = (json.loads((tmp_path / run / "metrics.json").read_text())["epochs"] for run in ("one", "two"))
    np.testing.assert_allclose([e["loss"] for e in two], [e["loss"] for e in one], rtol=1e-4)
    assert [e["accuracy"] for e in two] == pytest.approx([e["accuracy"] for e in one], abs=0.03)


def process(rank: int) -> Fabric:
    """One of three."""
    return cast(Fabric, SimpleNamespace(global_rank=rank, world_size=3))


def test_shares_make_up_the_batch() -> None:
    whole = np.arange(10, 17)
    shares = [own_share(whole, process(rank)) for rank in range(3)]
    assert sorted(np.concatenate([whole[places] for places, _ in shares])) == whole.tolist()
    means = [whole[places].mean() * weight for places, weight in shares]
    assert np.mean(means) == pytest.approx(whole.mean())
    places, weight = own_share(whole[:2], process(2))
    assert (len(places), weight) == (1, 0.0)


def test_half_precision_needs_a_gpu() -> None:
    with pytest.raises(ConfigError, match="--precision fp16 needs a GPU"):
        new_fabric("fp16", torch.device("cpu"))


def test_bf16_computes_in_bf16_on_any_device() -> None:
    with new_fabric("bf16", torch.device("cpu")).autocast():
        assert torch.nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.bfloat16
