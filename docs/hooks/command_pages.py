"""Writes the page of the commands: what each of them says to --help."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.testing import CliRunner

WIDTH = 100
INTRODUCTION = """# Commands

What each command says to `--help`. Exit codes: 0 done; 1 an error, told in a line or two; 2 options that do not exist;
3 done, but some images failed; 130 interrupted.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds commands.md."""
    files.append(File.generated(config, "commands.md", content="\n".join([INTRODUCTION, *sections()])))
    return files


def applications() -> dict[str, typer.Typer]:
    """The typer application of each command that the package installs."""
    scripts = [one for one in entry_points(group="console_scripts") if one.name.startswith("lsl-")]
    return {one.name: import_module(one.module).app for one in sorted(scripts, key=lambda one: one.name)}


def sections() -> Iterator[str]:
    """A section a command, and one a command of `lsl-store`."""
    for name, application in applications().items():
        yield f"## {name}\n\n{help_of(application, name)}"
        if len(application.registered_commands) > 1:
            for command in application.registered_commands:
                called = command.name or str(command.callback and command.callback.__name__)
                yield f"### {name} {called}\n\n{help_of(application, name, called)}"


def help_of(application: typer.Typer, name: str, *command: str) -> str:
    """What it prints to --help, as a code block."""
    settings = {"TERMINAL_WIDTH": str(WIDTH), "NO_COLOR": "1", "_TYPER_FORCE_DISABLE_TERMINAL": "1"}
    told = CliRunner().invoke(application, [*command, "--help"], prog_name=name, env=settings)
    assert told.exit_code == 0, told.output
    return "```text\n" + "\n".join(line.rstrip() for line in told.output.strip("\n").splitlines()) + "\n```\n"
