"""One setting: its default, its bounds, and the option of the command line that is made from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from lsl_shared.errors import ConfigError

__all__ = [
    "METHOD",
    "TRAINING",
    "TRANSFER",
    "Option",
    "flag",
    "option_of",
    "setting",
    "settings_group",
    "typed_fields",
]

METHOD, TRAINING, TRANSFER = "Method and data", "Training", "Transfer and further tasks"
"""Headings in --help."""

Group = TypeVar("Group")


@dataclass(frozen=True)
class Option:
    """How a setting appears on the command line of `lsl-train`."""

    help: str
    panel: str = ""
    """The heading in --help that it stands under; '' is the first one."""
    metavar: str = ""
    """What stands for the value; '' is made from the type."""
    flag: str = ""
    """The option's name; '' is the setting's, with dashes."""


def setting(
    *,
    default: Any,
    least: float | None = None,
    share: bool = False,
    choices: Sequence[str] = (),
    option: Option | None = None,
) -> Any:
    """A field of a group of settings.

    Args:
        default: what holds where nothing else is said.
        least: the least value that is allowed.
        share: whether it must lie in 0 … 1.
        choices: the texts that the command line offers, where they are not in its type.
        option: how the command line tells it; None leaves it to files and programs.
    """
    return field(default=default, metadata={"least": least, "share": share, "choices": choices, "option": option})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(setting, field))
def settings_group(group: type[Group]) -> type[Group]:
    """Makes a class a frozen dataclass of settings, whose bounds are checked when one is made."""
    further = getattr(group, "__post_init__", None)

    def check(self: Any) -> None:
        for entry, hint in typed_fields(type(self)):
            _check(entry, hint, getattr(self, entry.name))
        if further:
            further(self)

    group.__post_init__ = check  # type: ignore[attr-defined]
    return dataclass(frozen=True, kw_only=True)(group)


def typed_fields(group: type[Any]) -> list[tuple[Field[Any], Any]]:
    """The fields of a group, each with its type."""
    hints = get_type_hints(group)
    return [(entry, hints[entry.name]) for entry in fields(group)]


def option_of(entry: Field[Any]) -> Option | None:
    """The option that a field becomes, if any."""
    found: Option | None = entry.metadata.get("option")
    return found


def flag(name: str) -> str:
    """A setting's name as messages tell it."""
    return "--" + name.replace("_", "-")


def _check(entry: Field[Any], hint: Any, value: Any) -> None:
    """Raises ConfigError that names the setting, its rule, and the value received."""
    rules: Mapping[str, Any] = entry.metadata
    if get_origin(hint) is Literal and value not in get_args(hint):
        raise ConfigError(f"{flag(entry.name)} must be one of {', '.join(get_args(hint))}, received {value!r}")
    least = rules.get("least")
    if least is not None and not value >= least:
        raise ConfigError(f"{flag(entry.name)} must be at least {least}, received {value!r}")
    if rules.get("share") and not 0 <= value <= 1:
        raise ConfigError(f"{flag(entry.name)} must lie in 0 … 1, received {value!r}")
