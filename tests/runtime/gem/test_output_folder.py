from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_runtime import Gem, write_gems
from lsl_runtime.gem import output_folder as folder


def test_page_shows_every_map_of_the_task_in_the_models_order(
    make_gem: Callable[..., Gem], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_gems(tmp_path, [make_gem("10"), make_gem("9"), make_gem("green", task="colour")])
    shown: list[str] = []
    monkeypatch.setattr(folder, "write_page", lambda gems, path, style: shown.extend(gem.stage for gem in gems))
    assert folder.write_folder_page(tmp_path, "stage", ["4", "9", "10"], "inferno") == tmp_path / "gems.html"
    assert shown == ["9", "10"]


def test_pictures_of_every_format_come_and_go(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    drawn = folder.draw_stage(tmp_path, make_gem("a.b"), ["png", "svg", "png"], "flyexpress")
    assert [path.name for path in drawn] == ["stage-a.b.png", "stage-a.b.svg"] and all(path.exists() for path in drawn)
    panel = folder.draw_folder_panel(tmp_path, [make_gem()], ["pdf"], "inferno")
    assert [path.name for path in panel] == ["panel.pdf"] and panel[0].exists()
    folder.remove_pictures(tmp_path, "stage", "a.b")
    folder.remove_panels(tmp_path)
    assert list(tmp_path.iterdir()) == []
