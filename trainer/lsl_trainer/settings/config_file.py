"""Settings in TOML: `RUN/config.toml` holds all of a run's, and repeats it."""

from __future__ import annotations

import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from lsl_shared.errors import ConfigError
from lsl_shared.files.atomic import write_text
from lsl_trainer.networks.residual import NetworkConfig
from lsl_trainer.settings.config import TrainConfig, preset

__all__ = ["read_config", "write_config"]


def write_config(config: TrainConfig, path: str | Path) -> None:
    """Writes all settings, those of the network in a table of their own."""
    plain = [f"{name} = {_toml(value)}" for name, value in vars(config).items() if name != "network"]
    network = [f"{name} = {_toml(value)}" for name, value in vars(config.network).items()]
    write_text(path, "\n".join([*plain, "", "[network]", *network, ""]))


def read_config(path: str | Path, base: TrainConfig | None = None, *, otherwise: str = "paper") -> TrainConfig:
    """Settings of a TOML file over those of `base`, or of the preset that the file names, `otherwise` if it names none.

    Raises ConfigError that names the file and the entry.
    """
    try:
        entries = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigError(f"{path}: cannot be read as TOML ({problem})") from None
    try:
        start = base or preset(entries.get("preset", otherwise))
        network = entries.pop("network", {})
        if not isinstance(network, dict):
            raise ConfigError("network must be a table")
        return replace(
            start, **_checked(start, entries), network=replace(start.network, **_checked(start.network, network))
        )
    except ConfigError as problem:
        raise ConfigError(f"{path}: {problem}") from None


def _checked(settings: TrainConfig | NetworkConfig, entries: dict[str, Any]) -> dict[str, Any]:
    """Entries of known names and of the types that the settings have."""
    known = {entry.name for entry in fields(settings)}
    unknown = sorted(set(entries) - known)
    if unknown:
        raise ConfigError(f"no such setting: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return {name: _typed(name, value, _example(settings, name)) for name, value in entries.items()}


def _example(settings: TrainConfig | NetworkConfig, name: str) -> Any:
    """The present value of a setting; where it is an empty tuple, one with a single value of the right type."""
    present = getattr(settings, name)
    return present if present != () else (get_args(get_type_hints(type(settings))[name])[0](),)


def _typed(name: str, value: Any, present: Any) -> Any:
    if isinstance(present, tuple) and isinstance(value, list):
        return tuple(_typed(name, part, present[0]) for part in value)
    if isinstance(present, float) and type(value) is int:
        return float(value)
    if type(value) is not type(present):
        raise ConfigError(f"{name} must be {type(present).__name__}, as {_toml(present)}; received {value!r}")
    return value


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
