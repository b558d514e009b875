"""What is told of a backbone's weights, from folders as people find them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lsl_trainer.bundle.provenance import images_note, weights_note, weights_of
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.config_file import write_config
from tests.support.squares import small_config

pytest.importorskip("huggingface_hub", reason="the extra `transfer` is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "encoder"
    path.mkdir()
    save_file({"a": torch.zeros(2)}, path / "model.safetensors", {"format": "pt"})
    (path / "config.json").write_text(json.dumps({"model_type": "vit"}))
    return path


def config(folder: Path | str) -> TrainConfig:
    return small_config().having(backbone=f"hf:{folder}")


def test_nothing_told_is_told_as_unknown(folder: Path) -> None:
    found = weights_of(config(folder))
    assert (found["source"], found["license"]) == ("folder encoder", "unknown")
    assert len(found["sha256"]) == 64
    assert "nothing there names their licence" in weights_note(config(folder))


def test_a_folder_that_says_nothing_of_images_is_told(folder: Path) -> None:
    assert "the mean and deviation of ImageNet were taken" in images_note(config(folder))
    (folder / "preprocessor_config.json").write_text("{}")
    assert images_note(config(folder)) == ""
    assert images_note(config(folder).having(backbone="efficientnet-lite0")) == ""


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("license: apache-2.0", "apache-2.0"),
        ("license: other\nlicense_name: dinov3-license\nlicense_link: LICENSE.md", "dinov3-license"),
        ("license:\n- mit", "mit"),
        ("license: other", "unknown"),
        ("license: [unclosed", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_card_tells_the_licence(folder: Path, card: str, licence: str) -> None:
    (folder / "README.md").write_text(f"---\n{card}\n---\n# An encoder\n")
    assert weights_of(config(folder))["license"] == licence


def test_the_licences_own_text_the_weights_metadata_and_the_settings_tell_it(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"_name_or_path": "somebody/encoder", "license": "cc-by-4.0"}))
    found = weights_of(config(folder))
    assert found["source"] == "https://huggingface.co/somebody/encoder" and found["license"] == "cc-by-4.0"
    save_file({"a": torch.zeros(2)}, folder / "model.safetensors", {"modelspec.license": "bsd-3-clause"})
    assert weights_of(config(folder))["license"] == "bsd-3-clause"
    (folder / "LICENSE.txt").write_text("\n   Apache License\n  Version 2.0, January 2004\n")
    assert weights_of(config(folder))["license_from"] == "LICENSE.txt"
    assert weights_of(config(folder))["license"] == "apache-2.0"
    (folder / "LICENSE.txt").write_text("The Terms of Somebody\nAll rights reserved.")
    assert weights_of(config(folder))["license"] == "The Terms of Somebody"


def test_what_a_person_states_holds(folder: Path) -> None:
    stated = config(folder).having(backbone_license="MIT", backbone_source="https://example.org/encoder")
    found = weights_of(stated)
    assert (found["license"], found["source"]) == ("MIT", "https://example.org/encoder")
    assert "licence MIT" in weights_note(stated)


def test_a_run_tells_what_its_backbone_told(folder: Path, tmp_path: Path) -> None:
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    run = tmp_path / "run"
    write_config(config(folder), run / "config.toml")
    assert weights_of(small_config().having(backbone=str(run)))["license"] == "mit"
    (run / "model").mkdir()
    (run / "model" / "manifest.json").write_text(json.dumps({"network": {"weights": {"license": "cc0-1.0"}}}))
    assert weights_of(small_config().having(backbone=str(run)))["license"] == "cc0-1.0"
    assert weights_of(small_config()) == {}
