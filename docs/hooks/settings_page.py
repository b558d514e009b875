"""Writes the page of the settings: every setting of a training, its value in each preset, and what it means."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from lsl_trainer.settings.config import GROUPS, TrainConfig
from lsl_trainer.settings.network import NetworkConfig
from lsl_trainer.settings.presets import PRESETS
from lsl_trainer.settings.setting import flag, option_of

INTRODUCTION = """# Settings

Every setting of a training, by group, with its value in each preset. A name with dashes is an option of `lsl-train`.
The others are set in a file (`lsl-train --config FILE`) or from Python (`lsl_trainer.TrainConfig`). `RUN/config.toml`
holds all settings of a run, and repeats it.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds settings.md."""
    files.append(File.generated(config, "settings.md", content="\n".join([INTRODUCTION, *sections()])))
    return files


def sections() -> Iterator[str]:
    """A section a group, those of no group first."""
    yield table("General", TrainConfig, "", ["method", "seed"])
    for name, group in GROUPS.items():
        yield table(name.capitalize(), group, name, [entry.name for entry in fields(group)])
    yield table("Network", NetworkConfig, "network", [entry.name for entry in fields(NetworkConfig)])


def table(title: str, group: type[Any], attribute: str, names: list[str]) -> str:
    """A heading, what the group is about, and a row a setting."""
    told, written = meanings(group), {entry.name: option_of(entry) for entry in fields(group)}
    lines = [f"## {title}", ""]
    if attribute:
        lines += [str(group.__doc__).strip().partition("\n\n")[0].replace("\n    ", "\n"), ""]
    lines += [f"| setting | {' | '.join(PRESETS)} | meaning |", f"|---|{'---|' * len(PRESETS)}---|"]
    for name in names:
        option = written[name]
        shown = (option.flag or flag(name)) if option else name
        held = [getattr(getattr(one, attribute) if attribute else one, name) for one in PRESETS.values()]
        lines.append(f"| `{shown}` | {' | '.join(map(shortly, held))} | {told.get(name, '')} |")
    return "\n".join([*lines, ""])


def meanings(group: type[Any]) -> dict[str, str]:
    """The docstring of each field, in one line."""
    file = Path(str(inspect.getsourcefile(group)))
    fields_told = griffe.visit(group.__module__, file, file.read_text(encoding="utf-8"))[group.__name__].attributes
    return {name: in_a_cell(one.docstring.value) for name, one in fields_told.items() if one.docstring}


def in_a_cell(text: str) -> str:
    """A text as a cell of a table holds it."""
    return " ".join(text.split()).replace("|", "\\|")


def shortly(value: object) -> str:
    """A value as a settings file writes it, or nearly so."""
    if value in ("", ()):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(shortly, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
