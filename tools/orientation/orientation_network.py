"""The network behind `lsl_tools.standardize.orientation`: what it sees, how it learns, what it says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_trainer.data.batch import Batch
from lsl_trainer.networks.residual import Network, residual_network
from lsl_trainer.settings.network import NetworkConfig

__all__ = ["CONFIG", "HALF", "evidence_of", "joined", "mirror_loss", "outline_network", "relief_network"]

HALF = (64, 160)
"""The network sees images of 128 × 320 at half their size."""
CONFIG = NetworkConfig(
    widths=(8, 16, 32, 32), strides=(2, 2, 2, 2), stem_kernel=5, stem_stride=2, pooled_shortcut=True, pool=1
)
_OUTSIDE, _INSIDE = 0.99, 0.94
"""All channels this bright are ground; one channel this dark is not."""
_CELL = 4
_UNCHANGED = ((0.0,) * 3, (1.0,) * 3)
_SMOOTHING = 0.025
_DORSAL_WEIGHT = 0.7
_INVERSE_PENALTY = 7.5e-4  # scikit-learn's C


def _inside(images: Tensor) -> Tensor:
    """1 in the embryo, 0 on white ground, (B, 1, H, W); images (B, 3, H, W) in 0..1."""
    return 1 - ((images.amin(1, keepdim=True) - _INSIDE) / (_OUTSIDE - _INSIDE)).clamp(0, 1)


class _Outline(nn.Module):
    """Images (B, 3, H, W) → how much of each 4 × 4 pixels lies in the embryo, (B, H · W / 16)."""

    def forward(self, images: Tensor) -> Tensor:
        return F.avg_pool2d(_inside(images), _CELL).flatten(1)


class _Planes(nn.Module):
    """Images (B, 3, H, W) in 0..1, white outside → (B, 3, H, W): darkness, its relief, and the embryo's outline.

    Relief is the optical density with its local mean (13 × 13) taken away and its local deviation brought to one, so
    that stain, which is smooth and strong, says less than grooves, which are fine and faint.
    """

    def forward(self, images: Tensor) -> Tensor:
        density = -torch.log10(images.clamp_min(1 / 255)).mean(1, keepdim=True)
        mean = _local_mean(density)
        deviation = (_local_mean((density - mean) ** 2) + 9e-4).sqrt()
        return torch.cat([2 * density, (density - mean) / deviation, _inside(images)], dim=1)


def _local_mean(planes: Tensor) -> Tensor:
    """The mean over 13 × 13 pixels, zero outside: rows, then columns, which is the same and much faster."""
    return F.avg_pool2d(F.avg_pool2d(planes, (13, 1), 1, (6, 0)), (1, 13), 1, (0, 6))


class _Side(nn.Module):
    """Feature vectors of several bodies, one after the other."""

    def __init__(self, bodies: Sequence[nn.Module]) -> None:
        super().__init__()
        self.bodies = nn.ModuleList(bodies)

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([body(images) for body in self.bodies], dim=1)


@torch.no_grad()
def outline_network(images: NDArray[np.uint8], lateral: NDArray[np.bool_]) -> Network:
    """A linear classifier of the outline, learnt from upright images uint8 (N, 64, 160, 3) by ridge regression.

    Logits: anterior left, right, dorsal up, down. The latter two are learnt where `lateral`, bool (N,).
    """
    network = Network(_Outline(), HALF[0] * HALF[1] // _CELL**2, 4, *_UNCHANGED)
    nn.init.zeros_(network.head.weight)
    nn.init.zeros_(network.head.bias)
    parts = torch.from_numpy(images).split(256)
    cells = torch.cat([network.body(part.float().div(255).permute(0, 3, 1, 2)) for part in parts])
    for axis, known in enumerate((np.ones(len(images), bool), lateral)):
        upright = _odd(cells[torch.from_numpy(known)], axis).numpy()
        mirrored = np.repeat([0, 1], len(upright))
        fitted = LogisticRegression(C=_INVERSE_PENALTY, fit_intercept=False, max_iter=300)
        fitted.fit(np.concatenate([upright, -upright]), mirrored)
        network.head.weight[2 * axis + 1] = torch.from_numpy(fitted.coef_[0]).float()
    return network


def _odd(cells: Tensor, axis: int) -> Tensor:
    """The part of an outline (N, cells) that mirroring in `axis` (0: x) turns into its negative, the other does not."""
    plane = cells.view(-1, HALF[0] // _CELL, HALF[1] // _CELL)
    for each, side in enumerate((2, 1)):
        plane = (plane - plane.flip(side) if each == axis else plane + plane.flip(side)) / 2
    return plane.flatten(1)


def relief_network(seed: int) -> Network:
    """A small residual network that sees the tissue as well, untrained; otherwise as `outline_network`."""
    torch.manual_seed(seed)
    body = residual_network(CONFIG, HALF, 4).body
    channels, height, width = CONFIG.feature_shape(HALF)
    return Network(nn.Sequential(_Planes(), body), channels * height * width, 4, *_UNCHANGED)


def joined(outline: Network, reliefs: Sequence[Network], weights: NDArray[np.float64]) -> Network:
    """One network for images of twice `HALF`: the sum of all logits times `weights` (n, 2), x and y, outline's first.

    Planes, which cost most, are made once for all networks of relief.
    """
    networks = [outline, *reliefs]
    features = sum(network.head.in_features for network in networks)
    tissue = nn.Sequential(_Planes(), _Side([_after_planes(network) for network in reliefs]))
    whole = Network(nn.Sequential(nn.AvgPool2d(2), _Side([outline.body, tissue])), features, 4, *_UNCHANGED)
    shares = torch.from_numpy(weights).float().repeat_interleave(2, dim=1)[..., None]  # (n, 4, 1)
    with torch.no_grad():
        whole.head.weight.copy_(torch.cat([w * n.head.weight for w, n in zip(shares, networks, strict=True)], dim=1))
        whole.head.bias.copy_(sum(w[:, 0] * n.head.bias for w, n in zip(shares, networks, strict=True)))
    return whole.eval()


def _after_planes(network: Network) -> nn.Module:
    body = network.body
    assert isinstance(body, nn.Sequential)
    return body[1]


def mirror_loss(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
    """Mirrors each image at random and asks which way it was mirrored; a loss of `lsl_trainer.learning.learner`.

    The batch's labels say whether dorsal is known to be up (1: a lateral view) or only anterior to be left (0).
    """
    turned = torch.randint(0, 2, (len(batch.images), 2), generator=batch.draws).bool()
    logits, _ = network(_mirrored(batch.images, turned))
    wanted = turned.float() * (1 - 2 * _SMOOTHING) + _SMOOTHING
    each = F.binary_cross_entropy_with_logits(_log_odds(logits), wanted, reduction="none")
    weight = torch.stack([torch.ones_like(each[:, 0]), _DORSAL_WEIGHT * batch.labels], dim=1)
    return (each * weight).sum() / len(each), logits


@torch.no_grad()
def evidence_of(network: Network, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Log-odds (N, 2), over the four mirrorings, that images of the network's size lie mirrored in x and in y."""
    network.eval()
    evidence = []
    for part in torch.from_numpy(images).split(64):
        pixels = part.float().div(255).permute(0, 3, 1, 2)
        total = torch.zeros(len(part), 2)
        for turn in ((0, 0), (1, 0), (0, 1), (1, 1)):
            turned = torch.tensor(turn).bool().expand(len(part), 2)
            total += _log_odds(network(_mirrored(pixels, turned))[0]) * (1 - 2 * turned.float())
        evidence.append(total.double().numpy() / 4)
    return np.concatenate(evidence)


def _log_odds(logits: Tensor) -> Tensor:
    """Logits (B, 4) → (B, 2): mirrored minus upright, in x and in y."""
    return logits[:, 1::2] - logits[:, ::2]


def _mirrored(images: Tensor, turned: Tensor) -> Tensor:
    """Images (B, 3, H, W), each mirrored in x and y as `turned`, bool (B, 2), says."""
    x, y = (column.view(-1, 1, 1, 1) for column in turned.unbind(1))
    images = torch.where(x, images.flip(3), images)
    return torch.where(y, images.flip(2), images)
