"""Whether the weights of a folder are those of the network in its settings: what is missing would be random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsl_shared.errors import ConfigError

__all__ = ["check_loaded", "complete"]

_MAY_LACK = ("fpn.", "hidden_states_norms.", "mask_token", "pooler.")
"""Parts that a folder of the whole model lacks, and that no feature here depends on but by a fresh normalization."""


def check_loaded(name: str, told: Mapping[str, Any]) -> None:
    """Raises ConfigError by what transformers told of loading: tensors of other shapes, or that are not there."""
    for tensor, theirs, wanted in sorted(told["mismatched_keys"], key=str)[:1]:
        raise ConfigError(
            f"--backbone hf:{name}: its weights are not of the network in its config.json: {tensor} is "
            f"{_sides(theirs)}, expected {_sides(wanted)}; get both files anew, from the same place"
        )
    missing = sorted(key for key in told["missing_keys"] if not any(part in key for part in _MAY_LACK))
    if missing:
        raise ConfigError(
            f"--backbone hf:{name}: its weights lack {len(missing)} of the tensors of the network in its config.json, "
            f"such as {missing[0]}; get both files anew, from the same place"
        )


def complete(model: Any, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is still missing once Pixio's normalization is where its backbone has it: a folder of the model has one."""
    own = {key for key in told["missing_keys"] if key.startswith("layernorm.")}
    if model.config.model_type != "pixio" or not own:
        return told
    model.layernorm.load_state_dict(model.pixio.layernorm.state_dict())
    return {**told, "missing_keys": set(told["missing_keys"]) - own}


def _sides(shape: Any) -> str:
    return "×".join(map(str, shape)) or "a number"
