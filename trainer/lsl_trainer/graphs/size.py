"""A graph must fit one file of 2 GB, the most that ONNX allows without further files beside it."""

from __future__ import annotations

from torch import nn

from lsl_shared.errors import ExportError

__all__ = ["check_size"]

_MOST = 2**31
_KERNELS_OF_GRADIENTS = 2
"""A convolution and its gradient have a kernel each; a matrix serves both."""


def check_size(network: nn.Module) -> None:
    """Raises ExportError where the weights of the saliency graph alone would fill 2 GB."""
    size = sum(
        4 * value.numel() * (_KERNELS_OF_GRADIENTS if value.dim() > 2 else 1) for value in network.state_dict().values()
    )
    if size >= _MOST:
        raise ExportError(
            f"the network has {size / 1e9:.1f} GB of weights, and a graph holds less than 2.1 GB; take a smaller one, "
            "or fewer of its blocks (--feature-block, --transfer-blocks)"
        )
