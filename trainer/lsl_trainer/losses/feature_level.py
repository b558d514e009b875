"""Feature-level learning: the combined loss L_CE + L_S against reference sets (paper, eq. 7)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from lsl_trainer.data.batch import Batch, Labelled, Loss, in_unit_range, to_tensor
from lsl_trainer.losses.ordinal import ordinal_loss
from lsl_trainer.losses.references import own_references
from lsl_trainer.losses.similarity import similarity_loss
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.groups import References, Regularization

__all__ = ["combined_loss"]


def combined_loss(
    data: Labelled, sets: Tensor, settings: References, regularization: Regularization, *, ordered: bool = False
) -> Loss:
    """The loss of step 2 over `data` with reference sets int64 (n_sets, K), indices into `data`.

    Each sample picks a set (`reference_draw` sample) or each batch one for all (batch). References pass through F
    apart from the batch, unaugmented, each distinct one once, and gradients flow through them. Classes without any
    sample (−1 in `sets`) take no part. Classes in order have the ordinal loss of the settings beside it.
    """
    present = (sets[0] >= 0).nonzero()[:, 0]  # (P,)
    column = torch.full((sets.shape[1],), -1).scatter(0, present, torch.arange(len(present)))
    sets = sets[:, present]

    def loss(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        logits, features = network(batch.images)
        draws = len(batch.positions) if settings.reference_draw == "sample" else 1
        chosen = torch.randint(len(sets), (draws,), generator=batch.draws).expand(len(batch.positions))
        references = _features(network, data, own_references(sets, chosen, batch.positions))
        own = column.to(batch.labels.device)[batch.labels]
        similarity = similarity_loss(features, references, own, settings.similarity_temperature)
        entropy = F.cross_entropy(logits, batch.labels, label_smoothing=regularization.label_smoothing)
        if ordered and regularization.ordinal_weight:
            entropy = entropy + regularization.ordinal_weight * ordinal_loss(logits, batch.labels)
        return entropy + similarity, logits

    return loss


def _features(network: Network, data: Labelled, references: Tensor) -> Tensor:
    """F of the references int64 (B, P), float32 (B, P, D)."""
    distinct, place = references.unique(return_inverse=True)
    pixels = in_unit_range(data.images[data.rows[distinct.numpy()]])
    features = network.features(to_tensor(pixels, network.mean.device))
    return features[place.to(features.device)]
