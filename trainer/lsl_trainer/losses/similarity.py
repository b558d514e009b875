"""The similarity loss of feature-level learning (paper, section II-C)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

__all__ = ["similarity_loss"]


def similarity_loss(features: Tensor, references: Tensor, labels: Tensor, temperature: float = 1.0) -> Tensor:
    """Equations 4 to 6: pull features towards the reference of their own class, away from those of the others.

    `features` (B, D); `references` (B, K, D), a reference set for each sample, or (K, D), one for all; `labels` int64
    (B,) in 0 … K − 1, K at least 2. Returns the mean over the batch, a scalar in −1 … 1 / (K − 1).

        sim_c = cos(F(x), F(x_c))                                       (4)
        SIM_c = exp(sim_c / T) / Σ_i exp(sim_i / T)                     (5), the paper has T = 1
        L_S   = −SIM_y + (Σ_{c ≠ y} SIM_c) / (K − 1)                    (6)

    Since the SIM sum to 1, those of the other classes sum to 1 − SIM_y.
    """
    similarity = F.cosine_similarity(features[:, None], references, dim=-1)  # (B, K)
    own = F.softmax(similarity / temperature, dim=1).gather(1, labels[:, None])[:, 0]  # (B,)
    return ((1 - own) / (similarity.shape[1] - 1) - own).mean()
