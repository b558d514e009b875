"""The error for an operator that cannot be exported: it names the operator and the module that uses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import nn

from lsl_shared.errors import ExportError
from lsl_trainer.graphs.torch_internals import TorchDispatchMode

__all__ = ["unsupported"]


def unsupported(operator: str, network: nn.Module, image_size: tuple[int, int]) -> ExportError:
    """An error that names `operator` ('aten.name.overload', or its gradient) and the module that runs it."""
    return ExportError(
        f"the network uses {operator}{_place(operator, network, image_size)}, which cannot be exported exactly; "
        "use one that can: convolution, normalization, pooling, linear, the common activations"
    )


def _place(operator: str, network: nn.Module, image_size: tuple[int, int]) -> str:
    copy = deepcopy(network).cpu().eval()
    with torch.no_grad(), _innermost_module(copy) as stack, _Places(stack) as places:
        copy(torch.zeros(1, 3, *image_size))
    place = places.found.get(_base(operator))
    return f" in module {place!r}" if place else ""


class _Places(TorchDispatchMode):
    """Notes for each operator the first module that runs it."""

    def __init__(self, stack: list[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.stack, self.found = stack, dict[str, str]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.found.setdefault(_base(str(func)), self.stack[-1] if self.stack else "")
        return func(*args, **(kwargs or {}))


@contextmanager
def _innermost_module(network: nn.Module) -> Iterator[list[str]]:
    """The names of the modules that are running, the innermost last."""
    stack: list[str] = []
    hooks = []
    for name, module in network.named_modules():
        label = f"{name or 'network'} ({type(module).__name__})"
        hooks.append(module.register_forward_pre_hook(lambda *_, label=label: stack.append(label)))
        hooks.append(module.register_forward_hook(lambda *_: stack.pop() and None))
    try:
        yield stack
    finally:
        for hook in hooks:
            hook.remove()


def _base(operator: str) -> str:
    """'aten.name_backward.default' → 'name'."""
    return operator.removeprefix("aten.").split(".")[0].removesuffix("_backward")
