"""The real commands, to hold what the pages type against."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import typer
import typer.main

__all__ = ["APPLICATIONS", "commands_of", "options", "parse"]

APPLICATIONS: dict[str, typer.Typer] = {
    script.name: import_module(script.module).app
    for script in entry_points(group="console_scripts")
    if script.name.startswith("lsl-")
}
"""The typer application of each command that the package installs."""


def parse(line: list[str]) -> None:
    """Parses a command line as the command does, and runs nothing. Raises where the command would refuse it."""
    called, *arguments = line
    command: Any = typer.main.get_command(APPLICATIONS[called])
    context = command.make_context(called, arguments)
    if hasattr(command, "commands"):
        name, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])
        command.make_context(name, arguments, parent=context)


def commands_of(called: str) -> set[str]:
    """The commands below a command, such as `demo` of lsl-store."""
    command: Any = typer.main.get_command(APPLICATIONS[called])
    return set(getattr(command, "commands", {}))


def options(called: str) -> set[str]:
    """All options of a command, and of the commands below it."""
    command: Any = typer.main.get_command(APPLICATIONS[called])
    below = getattr(command, "commands", {}).values()
    found = {option for one in (command, *below) for parameter in one.params for option in _written(parameter)}
    return {option for option in found if option.startswith("--")} | {"--help"}


def _written(parameter: Any) -> list[str]:
    return [*parameter.opts, *parameter.secondary_opts]
