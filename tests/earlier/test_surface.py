"""Names, options and file keys are those written down in `surface.json` before the modules were moved.

What is new may be added; what was there stays.
"""

from __future__ import annotations

import importlib
import json
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import h5py
import pytest
import typer

from lsl_runtime import Model, annotate, build_gems, compare_gems, write_comparison, write_gems
from lsl_runtime.gem.comparison.comparison import GemSide
from lsl_trainer import PRESETS
from lsl_trainer.settings.config_file import write_config

FOLDER = Path(__file__).parent
SURFACE: dict[str, Any] = json.loads((FOLDER / "surface.json").read_text())
EARLIER = FOLDER / "0.1.0"


def options(name: str, command: Any) -> dict[str, list[str]]:
    """Every option and argument of a command and of its subcommands, by their whole names."""
    if hasattr(command, "commands"):
        found = [options(f"{name} {part}", one) for part, one in command.commands.items()]
        return {key: value for one in found for key, value in one.items()}
    given = [
        [*entry.opts, *entry.secondary_opts] if entry.param_type_name == "option" else [entry.name.upper()]
        for entry in command.params
    ]
    return {name: sorted({one for entry in given for one in entry})}


def keys(path: Path) -> dict[str, Any]:
    """Every group and dataset of an HDF5 file, with its attributes' names, type and number of axes."""
    found: dict[str, Any] = {}

    def visit(name: str, entry: h5py.HLObject) -> None:
        found[name] = {"attrs": sorted(entry.attrs)}
        if isinstance(entry, h5py.Dataset):
            text = h5py.check_string_dtype(entry.dtype)
            found[name] |= {"dtype": "object" if text else str(entry.dtype), "dims": entry.ndim}

    with h5py.File(path) as file:
        found["/"] = {"attrs": sorted(file.attrs)}
        file.visititems(visit)
        links = {name: file.get(name, getlink=True) for name in file}
    return found | {name: {"link": "external"} for name, one in links.items() if isinstance(one, h5py.ExternalLink)}


_SINCE = {"bool": "uint8", "float16": "float32"}
"""Types of version 1 that many programs do not read, and what version 2 has in their place."""


def assert_holds(found: dict[str, Any], known: dict[str, Any]) -> None:
    """All that was there is there still, of the type that it has since; more may have come. Links are gone."""
    for name, entry in known.items():
        if "link" in entry:
            assert name not in found, "a link closes the file to many programs"
            continue
        assert set(entry["attrs"]) <= set(found[name]["attrs"]), name
        for one in ("dtype", "dims"):
            assert found[name].get(one) == _SINCE.get(entry.get(one), entry.get(one)), name


@pytest.mark.parametrize("package", sorted(SURFACE["names"]))
def test_public_names(package: str) -> None:
    module = importlib.import_module(package)
    assert set(SURFACE["names"][package]) <= set(module.__all__)
    assert set(module.__all__) <= set(dir(module)), "completion shows them"
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_options_of_commands() -> None:
    commands = {one.name: one.load() for one in entry_points(group="console_scripts") if one.name.startswith("lsl-")}
    found: dict[str, list[str]] = {}
    for name, main in commands.items():
        app = importlib.import_module(main.__module__).app
        found |= options(name, typer.main.get_command(app))
    assert set(SURFACE["options"]) <= set(found)
    missing = {name: sorted(set(known) - set(found[name])) for name, known in SURFACE["options"].items()}
    assert {name: gone for name, gone in missing.items() if gone} == {}


def test_keys_of_files(tmp_path: Path) -> None:
    """Made again by this version from the earlier store and bundle."""
    store, model = EARLIER / "store.h5", Model.load(EARLIER / "run" / "model", "cpu")
    target = tmp_path / "store.annotations.h5"
    annotate(store, model, out=target, saliency=True, features=True, constrain="side")
    write_gems(tmp_path, build_gems(store, ["a", "d"], annotations=target))
    sides = [GemSide(stage, annotations=target) for stage in ("a", "d")]
    write_comparison(tmp_path / "comparison.h5", compare_gems(store, *sides))
    known = SURFACE["files"]
    assert_holds(keys(target), known["store.annotations.h5"])
    assert_holds(keys(tmp_path / "gems.h5"), known["store.gems/gems.h5"])
    assert_holds(keys(tmp_path / "comparison.h5"), known["store.gems/comparison-a-d.h5"])


def test_settings_of_a_run(tmp_path: Path) -> None:
    write_config(PRESETS["tiny"], tmp_path / "config.toml")
    assert set(SURFACE["config.toml"]) <= set(tomllib.loads((tmp_path / "config.toml").read_text()))
