"""What a training runs on: a device, a precision, and the processes that share each batch, through Lightning Fabric.

Every process draws the same batches and works on its share of each; gradients are then averaged over all. So N
processes learn what one would, but for what BatchNorm sees: each process normalizes by its own share of a batch.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from typing import cast

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from lsl_shared.errors import ConfigError
from lsl_trainer.settings.device import best_device
from lsl_trainer.settings.literals import Precision

__all__ = ["average_buffers", "average_gradients", "new_fabric", "one_process", "own_share", "summed"]

_PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def new_fabric(precision: Precision = "fp32", device: torch.device | None = None) -> Fabric:
    """One process on `device` (the best by default), or, started by torchrun, one of its processes.

    Raises ConfigError for fp16 without a GPU.
    """
    device = device or best_device()
    if precision == "fp16" and device.type != "cuda":
        raise ConfigError("--precision fp16 needs a GPU; fp32 and bf16 run on any device")
    shared = int(os.environ.get("WORLD_SIZE", "1")) > 1
    fabric = Fabric(
        accelerator=device.type,
        devices=int(os.environ.get("LOCAL_WORLD_SIZE", "1")),
        num_nodes=int(os.environ.get("GROUP_WORLD_SIZE", "1")),
        strategy="ddp" if shared else "auto",
        precision=_PRECISIONS[precision],  # type: ignore[arg-type]
    )
    fabric.launch()
    return fabric


@cache
def one_process() -> Fabric:
    """This process alone, on the CPU, in float32."""
    return Fabric(accelerator="cpu", devices=1)


def own_share(positions: NDArray[np.int64], fabric: Fabric) -> tuple[NDArray[np.int64], float]:
    """The places in `positions` (B,) that this process works on, and the weight of its mean loss in the batch's.

    The mean over processes of weight × loss is the loss of the whole batch. A process without a share works on the
    first image, at no weight.
    """
    places = np.arange(len(positions))[fabric.global_rank :: fabric.world_size]
    if not len(places):
        return np.zeros(1, dtype=np.int64), 0.0
    return places, len(places) * fabric.world_size / len(positions)


def average_gradients(network: nn.Module, fabric: Fabric) -> None:
    """Replaces every gradient by its mean over the processes, in one exchange."""
    if fabric.world_size > 1:
        _average([p.grad for p in network.parameters() if p.grad is not None], fabric)


def average_buffers(network: nn.Module, fabric: Fabric) -> None:
    """Replaces the running statistics by their mean over the processes."""
    if fabric.world_size > 1:
        _average([buffer for buffer in network.buffers() if buffer.is_floating_point()], fabric)


def summed(values: Sequence[float], fabric: Fabric) -> list[float]:
    """Each value summed over the processes."""
    whole = cast(Tensor, fabric.all_reduce(torch.tensor(values, dtype=torch.float64), reduce_op="sum"))
    return whole.tolist()


@torch.no_grad()
def _average(tensors: list[Tensor], fabric: Fabric) -> None:
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    together = cast(Tensor, fabric.all_reduce(flat, reduce_op="mean"))
    for tensor, mean in zip(tensors, together.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(mean.view(tensor.shape))
