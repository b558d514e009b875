"""What the commands of the trainer have in common: what must be installed, and which settings hold."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsl_shared.errors import LslError

if TYPE_CHECKING:
    from lsl_trainer.settings.config import TrainConfig

__all__ = ["chosen_settings", "require_torch"]


def chosen_settings(name: str | None, file: Path | None, given: dict[str, Any]) -> TrainConfig:
    """The preset, the file's settings over it, the options over both."""
    from lsl_trainer.settings.config import preset
    from lsl_trainer.settings.config_file import read_config
    from lsl_trainer.settings.device import best_device

    usual = "paper" if best_device().type == "cuda" else "tiny"
    if file is not None:
        return read_config(file, preset(name) if name else None, otherwise=usual).having(**given)
    return preset(name or usual).having(**given)


def require_torch() -> None:
    """Raises LslError that says what to install where a library for training is missing."""
    missing = [
        name
        for name in ("torch", "onnx", "onnxscript", "safetensors", "sklearn")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise LslError(f"training needs {', '.join(missing)}: pip install 'lsl-toolkit[train]'")
