"""The similarity loss of feature-level learning (paper, section II-C)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

__all__ = ["similarity_loss"]


def similarity_loss(features: Tensor, references: Tensor, labels: Tensor, temperature: float = 1.0) -> Tensor:
    """L_S, equations 4 to 6: pulls features towards the reference of their own class, away from those of the others.

        sim_c = cos(F(x), F(x_c))                                       (4)
        SIM_c = exp(sim_c / T) / Σ_i exp(sim_i / T)                     (5), the paper has T = 1
        L_S   = −SIM_y + (Σ_{c ≠ y} SIM_c) / (K − 1)                    (6)

    Since the SIM sum to 1, those of the other classes sum to 1 − SIM_y.

    Args:
        features: F(x) of the batch, float (B, D).
        references: F of the reference samples: float (K, D), one set for all, or (B, K, D), a set for each image.
        labels: The classes, int64 (B,) in 0 … K − 1; K is at least 2.
        temperature: T of equation 5, above 0.

    Returns:
        The mean over the batch, a scalar in −1 … 1 / (K − 1).

    Example:
        >>> import torch
        >>> from lsl_trainer import similarity_loss
        >>> references = torch.eye(3)  # three classes, at right angles
        >>> near, far = torch.tensor([[2.0, 0, 0]]), torch.tensor([[0, 2.0, 0]])
        >>> labels = torch.tensor([0])
        >>> bool(similarity_loss(near, references, labels) < similarity_loss(far, references, labels))
        True
    """
    similarity = F.cosine_similarity(features[:, None], references, dim=-1)  # (B, K)
    own = F.softmax(similarity / temperature, dim=1).gather(1, labels[:, None])[:, 0]  # (B,)
    return ((1 - own) / (similarity.shape[1] - 1) - own).mean()
