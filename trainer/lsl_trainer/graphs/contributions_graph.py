"""What the contributions graph of a bundle computes: pictures and a direction go in, what each pixel adds comes out."""

from __future__ import annotations

import torch
from torch import Tensor, fx, nn

from lsl_shared import Manifest

__all__ = ["ContributionsGraph"]


class ContributionsGraph(nn.Module):
    """A flat network between its inputs and outputs, which have names; `inputs` holds an example of each input."""

    outputs = ("contributions", "logits")

    def __init__(self, core: fx.GraphModule, manifest: Manifest) -> None:
        """`core` is what `gradients.contributions_graph` makes."""
        super().__init__()
        self.core = core
        pictures, index = torch.zeros(2, *manifest.image_size, 3), torch.full((2,), -1)
        self.inputs = {
            "image": pictures, "direction": pictures.clone(), "class_index": index, "against_index": index.clone()
        }  # fmt: skip
        self.eval().requires_grad_(False)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        image, direction, class_index, against_index = inputs
        pictures = _channels_first(image), _channels_first(direction)
        logits, contributions = self.core(*pictures, class_index, against_index)
        return contributions, logits


def _channels_first(pictures: Tensor) -> Tensor:
    """(B, H, W, 3) → (B, 3, H, W)."""
    return pictures.permute(0, 3, 1, 2).contiguous()
