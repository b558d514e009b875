"""A network's answers for images of the training set."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lsl_trainer.data.batch import in_unit_range, to_tensor
from lsl_trainer.networks.residual import Network

__all__ = ["logits_of"]


@torch.no_grad()
def logits_of(network: Network, images: NDArray[np.uint8], rows: NDArray[np.int64], batch: int = 64) -> Tensor:
    """The logits of images[rows] in eval mode, unaugmented, float32 (n, K) on the CPU."""
    network.eval()
    parts = [images[rows[start : start + batch]] for start in range(0, len(rows), batch)]
    found = [network(to_tensor(in_unit_range(part), network.mean.device))[0].cpu() for part in parts]
    return torch.cat(found) if found else torch.empty(0, network.head.out_features)
