"""Options made from the settings."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from lsl_shared.process.terminal import new_app
from lsl_trainer.settings.cli_settings import chosen_settings, takes_settings
from lsl_trainer.settings.config import GROUPS, TrainConfig
from lsl_trainer.settings.setting import flag, option_of


def command(*names: str) -> tuple[typer.Typer, list[dict[str, Any]]]:
    """A command that takes settings, and what it was given."""
    app, seen = new_app("A command."), list[dict[str, Any]]()

    @app.command()
    @takes_settings(*names)
    def run(*, store: str = "store.h5", given: dict[str, Any], last: bool = False) -> None:
        """Runs."""
        seen.append({"store": store, "last": last, **given})

    return app, seen


def test_only_what_is_given_arrives_with_its_type() -> None:
    app, seen = command()
    given = "--batch-size 8 --learning-rate 1e-3 --task a --task b --freeze --fine x --backbone y"
    weights = "--task-weight 1 --task-weight 2.5 --task-weight 3 --seed 0"
    found = CliRunner().invoke(app, f"{given} {weights}".split())
    assert found.exit_code == 0, found.output
    assert seen == [
        {
            "store": "store.h5", "last": False, "seed": 0, "fine": "x", "batch_size": 8, "learning_rate": 0.001,
            "tasks": ("a", "b"), "task_weights": (1.0, 2.5, 3.0), "freeze": True, "backbone": "y",
        }
    ]  # fmt: skip
    assert TrainConfig(**{name: value for name, value in seen[0].items() if name not in ("store", "last")}).seed == 0


def test_a_value_that_is_no_choice_ends_in_the_parser() -> None:
    assert CliRunner().invoke(command()[0], ["--split", "odd"]).exit_code == 2
    assert CliRunner().invoke(command()[0], ["--batch-size", "many"]).exit_code == 2


def test_a_command_may_take_a_few() -> None:
    app, seen = command("fine", "seed")
    assert CliRunner().invoke(app, ["--seed", "3"]).exit_code == 0 and seen[0]["seed"] == 3
    assert CliRunner().invoke(app, ["--batch-size", "8"]).exit_code == 2


@pytest.mark.parametrize("group", [TrainConfig, *GROUPS.values()])
def test_every_option_of_a_group_is_in_the_help(group: type[Any]) -> None:
    told = CliRunner().invoke(command()[0], ["--help"], env={"COLUMNS": "300"}).output
    for entry in fields(group):
        if option := option_of(entry):
            assert (option.flag or flag(entry.name)) in told


def test_names_of_settings_are_unique_over_the_groups() -> None:
    names = [entry.name for group in GROUPS.values() for entry in fields(group)]
    assert len(names) == len(set(names)) and not set(names) & {entry.name for entry in fields(TrainConfig)}


def test_nothing_said_means_auto_and_anything_said_stays_as_it_was(tmp_path: Path) -> None:
    def method(name: str | None = None, file: Path | None = None, **given: Any) -> str:
        return chosen_settings(name, file, given, automatic=True).method

    file = tmp_path / "config.toml"
    file.write_text("seed = 3\n")
    assert method() == method(fine="stage") == method("paper", method="auto") == "auto"
    assert method("paper") == method("tiny") == method(file=file) == "feature-level"
    assert method(method="plain") == "plain"
    assert chosen_settings(None, None, {}).method == "feature-level", "lsl-compare chooses its methods itself"
    assert chosen_settings(None, None, {}, automatic=True).preset == "tiny", "on a GPU, too"
