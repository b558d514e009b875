"""Settings in TOML: `RUN/config.toml` holds all of a run's, and repeats it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import tomli_w

from lsl_shared.errors import ConfigError
from lsl_shared.files.atomic import write_text
from lsl_trainer.settings.config import GROUPS, TrainConfig
from lsl_trainer.settings.network import NetworkConfig
from lsl_trainer.settings.presets import preset

__all__ = ["read_config", "write_config"]

_EARLIER = {"ordinal_weight": 0.0, "shares": "equal", "pseudo_after": 0.0, "trial": 0.0, "feature_kind": "cells"}
"""Settings that came after version 0.1.0 and have other values today: what its runs did."""
_OF_EVERY_RUN = {"seed", "milestones", "order_weight", "network"}
"""Some of the entries that every run writes, and hardly a person."""


def write_config(config: TrainConfig, path: str | Path) -> None:
    """Writes all settings, those of the network in a table of their own."""
    write_text(path, tomli_w.dumps(config.to_dict()))


def read_config(path: str | Path, base: TrainConfig | None = None, *, otherwise: str = "paper") -> TrainConfig:
    """Settings of a TOML file over those of `base`, or of the preset that the file names, `otherwise` if it names none.

    Raises ConfigError that names the file and the entry.
    """
    try:
        entries = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigError(f"{path}: cannot be read as TOML ({problem})") from None
    if set(entries) >= _OF_EVERY_RUN:
        entries = {**_EARLIER, **entries}
    try:
        start = base or preset(entries.get("preset", otherwise))
        network = entries.pop("network", {})
        if not isinstance(network, dict):
            raise ConfigError("network must be a table")
        shape = replace(start.network, **_checked(vars(start.network), get_type_hints(NetworkConfig), network))
        return start.having(**_checked(start.flat(), _hints(), entries), network=shape)
    except ConfigError as problem:
        raise ConfigError(f"{path}: {problem}") from None


def _hints() -> dict[str, Any]:
    """The type of every flat setting."""
    return {key: hint for group in (TrainConfig, *GROUPS.values()) for key, hint in get_type_hints(group).items()}


def _checked(present: Mapping[str, Any], hints: Mapping[str, Any], entries: Mapping[str, Any]) -> dict[str, Any]:
    """Entries of known names and of the types that the settings have."""
    if unknown := sorted(set(entries) - set(present)):
        raise ConfigError(f"no such setting: {', '.join(unknown)}; there are {', '.join(sorted(present))}")
    return {name: _typed(name, value, _example(present[name], hints[name])) for name, value in entries.items()}


def _example(present: Any, hint: Any) -> Any:
    """The present value of a setting; where it is an empty tuple, one with a single value of the right type."""
    return present if present != () else (get_args(hint)[0](),)


def _typed(name: str, value: Any, present: Any) -> Any:
    if isinstance(present, tuple) and isinstance(value, list):
        return tuple(_typed(name, part, present[0]) for part in value)
    if isinstance(present, float) and type(value) is int:
        return float(value)
    if type(value) is not type(present):
        example = tomli_w.dumps({name: present}).partition("=")[2].strip()
        raise ConfigError(f"{name} must be {type(present).__name__}, as {example}; received {value!r}")
    return value
