from __future__ import annotations

from pathlib import Path

import pytest

from lsl_shared import ConfigError
from lsl_trainer.settings.config_file import read_config, write_config
from lsl_trainer.settings.presets import PRESETS


@pytest.mark.parametrize("name", list(PRESETS))
def test_settings_survive_the_file(tmp_path: Path, name: str) -> None:
    config = PRESETS[name].having(fine="species", seed=3, milestones=(0.25, 0.8), similarity_temperature=1e-5)
    write_config(config, tmp_path / "config.toml")
    assert read_config(tmp_path / "config.toml") == config


def test_a_file_goes_over_its_preset_or_a_given_one(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('preset = "tiny"\nfine_epochs = 7\nlight = 0\n[network]\npool = 2\n')
    found = read_config(path)
    assert (found.epochs.fine_epochs, found.augmentation.light, found.network.pool) == (7, 0.0, 2)
    assert found.network.widths == PRESETS["tiny"].network.widths
    path.write_text("fine_epochs = 7\n")
    assert read_config(path) == PRESETS["paper"].having(fine_epochs=7)
    assert read_config(path, PRESETS["tiny"]) == PRESETS["tiny"].having(fine_epochs=7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epochs = 3", "no such setting: epochs; there are adapters, "),
        ('fine_epochs = "many"', "fine_epochs must be int, as 40; received 'many'"),
        ("flip = 1", "flip must be bool, as true; received 1"),
        ("fine_epochs = 0", "--fine-epochs must be at least 1, received 0"),
        ("milestones = [0.9]", "--milestones must be two"),
        ("network = 3", "network must be a table"),
        ("[network]\npool = 0", "at least 1"),
        ('preset = "huge"', "--preset must be one of paper, tiny"),
        ("fine_epochs =", "cannot be read as TOML"),
    ],
)
def test_a_bad_file_is_named_with_its_entry(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_config(path)
    assert str(error.value).startswith(f"{path}: ")
    assert said in str(error.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_config(tmp_path / "none.toml")


@pytest.mark.parametrize(
    "text", ['a "quoted" name', r"C:\runs\new", "line\nbreak", "tab\tstop", "'single'", "\x7f", "é – ü"]
)
def test_every_text_survives_the_file(tmp_path: Path, text: str) -> None:
    config = PRESETS["tiny"].having(backbone=text, fine=text, tasks=(text + "1", text + "2"))
    write_config(config, tmp_path / "config.toml")
    assert read_config(tmp_path / "config.toml") == config


def test_the_file_of_an_earlier_run_means_what_it_did() -> None:
    found = read_config(Path(__file__).parents[2] / "earlier" / "0.1.0" / "run" / "config.toml")
    assert found.preset == "tiny"
    assert (found.constrained.shares, found.constrained.trial, found.regularization.ordinal_weight) == ("equal", 0, 0)
