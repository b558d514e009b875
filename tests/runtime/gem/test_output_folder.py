from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_runtime import Gem, write_gems
from lsl_runtime.gem import output_folder
from lsl_runtime.gem.build.mapped_task import MappedClasses
from lsl_runtime.gem.build.requested import Requested
from lsl_runtime.gem.output_folder import Contents, OutputFolder

Make = Callable[..., Gem]


def test_page_shows_every_map_of_the_task_in_the_models_order(
    make_gem: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_gems(tmp_path, [make_gem("10"), make_gem("9"), make_gem("green", task="colour")])
    shown: list[str] = []
    monkeypatch.setattr(output_folder, "write_page", lambda gems, path, style: shown.extend(gem.stage for gem in gems))
    lines = list(OutputFolder(tmp_path).write_page("stage", ["4", "9", "10"]))
    assert lines == [f"page: {tmp_path / 'gems.html'}"] and shown == ["9", "10"]


def test_pictures_of_every_format_come_and_go(make_gem: Make, tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path, "flyexpress", ("png", "svg", "png"))
    lines = list(folder.write_maps([make_gem("a.b")]))
    drawn = [tmp_path / "stage-a.b.png", tmp_path / "stage-a.b.svg"]
    assert lines == [
        f"stage a.b: 30 images of 20 genes → {drawn[0]}, {drawn[1]}", f"numbers: {tmp_path / 'gems.h5'}",
    ]  # fmt: skip
    panel = OutputFolder(tmp_path, formats=("pdf",)).write_panel([make_gem()])
    assert list(panel) == [f"panel → {tmp_path / 'panel.pdf'}"] and (tmp_path / "panel.pdf").exists()
    lines = list(folder.write_maps([make_gem("9", model_digest="e" * 64)]))
    assert "stage a.b: removed, it was of another model or store" in lines
    assert {path.name for path in tmp_path.iterdir()} == {"gems.h5", "stage-9.png", "stage-9.svg"}


def test_lines_tell_what_is_written_and_nothing_is_before_they_are_read(make_gem: Make, tmp_path: Path) -> None:
    folder, gems = OutputFolder(tmp_path), [make_gem(n_genes=3, n_empty=2)]
    asked = Requested(MappedClasses("stage", "stage_range"), ("4", "9"), ("9",), ("4",))
    written = folder.write(asked, gems, Contents(panel=True, landmarks=True, genes=True))
    assert list(tmp_path.iterdir()) == []
    lines = list(written)
    assert lines[0] == "no images, so no map: 4" and lines[1].startswith("answers within the known stage_range, ")
    assert "  only 3 genes: the map shows them more than the stage" in lines
    assert "  no embryo found in 2 images; they count as unstained" in lines
    assert any(line.startswith("stage 9, landmark 1: ") and "% egg length" in line for line in lines)
    assert lines[-1] == f"0 rows, one for each gene of each map → {tmp_path / 'genes.csv'}"
    names = {"gems.h5", "stage-9.png", "panel.png", "gems.html", "landmarks.csv", "genes.csv"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_only_numbers_and_pictures(make_gem: Make, tmp_path: Path) -> None:
    asked = Requested(MappedClasses("stage"), ("4", "9"), ("9",))
    list(OutputFolder(tmp_path).write(asked, [make_gem()], Contents(page=False)))
    assert {path.name for path in tmp_path.iterdir()} == {"gems.h5", "stage-9.png"}
