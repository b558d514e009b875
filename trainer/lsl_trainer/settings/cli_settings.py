"""Options of the command line made from the settings, and which settings hold in the end."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Iterator
from dataclasses import Field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from lsl_shared.errors import LslError
from lsl_trainer.settings.config import GROUPS, TrainConfig
from lsl_trainer.settings.config_file import read_config
from lsl_trainer.settings.method import AUTO
from lsl_trainer.settings.needed import check_needed
from lsl_trainer.settings.presets import preset
from lsl_trainer.settings.setting import flag, option_of, typed_fields

__all__ = ["ConfigOption", "PresetOption", "chosen_settings", "require_torch", "takes_settings"]

PresetOption = Annotated[
    Literal["tiny", "paper", "modern"] | None,
    typer.Option(help="Network and recipe.  \\[default: paper on a GPU, else tiny]"),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings in TOML; other options go over them.")
]

_Command = Callable[..., None]


def takes_settings(*names: str) -> Callable[[_Command], _Command]:
    """Gives a command an option for every setting that has one, or for `names` alone.

    The options stand where the command has its parameter `given`, which receives the values that were given, by name.
    """

    def decorate(command: _Command) -> _Command:
        options = {one.name: one for one in _options() if not names or one.name in names}

        def run(**values: Any) -> None:
            given = {name: values.pop(name) for name in options}
            kept = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
            command(**values, given={name: value for name, value in kept.items() if value not in (None, ())})

        parameters = list(_parameters(command, list(options.values())))
        run.__doc__, run.__name__, run.__module__ = command.__doc__, command.__name__, command.__module__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        return run

    return decorate


def _parameters(command: _Command, options: list[inspect.Parameter]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(command, include_extras=True)
    for one in inspect.signature(command).parameters.values():
        if one.name == "given":
            yield from options
        else:
            yield one.replace(annotation=hints[one.name], kind=inspect.Parameter.KEYWORD_ONLY)


def _options() -> Iterator[inspect.Parameter]:
    """A parameter of a command for each setting that is an option."""
    for group in (TrainConfig, *GROUPS.values()):
        for entry, hint in typed_fields(group):
            if option := option_of(entry):
                told = typer.Option(
                    option.flag or flag(entry.name),
                    help=option.help,
                    metavar=option.metavar or None,
                    rich_help_panel=option.panel or None,
                )
                taken: Any = Annotated[_taken(entry, hint), told]
                yield inspect.Parameter(entry.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=taken)


def _taken(entry: Field[Any], hint: Any) -> Any:
    """What the option of a setting takes; None where it is not given."""
    if choices := entry.metadata.get("choices"):
        hint = Literal.__getitem__(tuple(choices))
    return (list.__class_getitem__(get_args(hint)[0]) if get_origin(hint) is tuple else hint) | None


def chosen_settings(
    name: str | None, file: Path | None, given: dict[str, Any], *, automatic: bool = False
) -> TrainConfig:
    """The preset, the file's settings over it, the options over both.

    With `automatic`, the method is auto where neither preset nor file nor method is named. Raises ConfigError for an
    option that would say nothing.
    """
    config = _settings(name, file, given, automatic=automatic)
    check_needed(given, config)
    return config


def _settings(name: str | None, file: Path | None, given: dict[str, Any], *, automatic: bool) -> TrainConfig:
    from lsl_trainer.settings.device import best_device

    if automatic and file is None and name is None:
        given = {"method": AUTO.name, **given}
    by_itself = given.get("method") == AUTO.name  # it says itself how large a network may be
    usual = "paper" if best_device().type == "cuda" and not by_itself else "tiny"
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
