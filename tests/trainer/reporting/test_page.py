from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

from jinja2 import Environment, PackageLoader

from lsl_trainer.reporting.page import write_page


def part(call: str, **values: object) -> str:
    """What a macro of parts.html makes."""
    environment = Environment(loader=PackageLoader("lsl_trainer", "templates"), autoescape=True)
    name = call.partition("(")[0]
    text = f'{{% from "parts.html" import {name} %}}{{{{ {call} }}}}'
    return environment.from_string(text).render(**values)


def test_a_page_is_whole_escaped_and_needs_no_other_file(tmp_path: Path) -> None:
    write_page(tmp_path / "report.html", "page.html", title="squid & <fish>")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert "<title>squid &amp; &lt;fish&gt;</title>" in page
    assert "font: 15px" in re.findall(r"<style>(.*?)</style>", page, re.DOTALL)[0]
    assert not re.search(r"(src|href|url)\s*[=(]", page)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"], "no temporary file stays"


def test_a_share_is_a_card_in_percent_with_its_interval_below() -> None:
    band = SimpleNamespace(low=0.201, high=0.3)
    assert part('share(0.256, "a < b")') == '<div class="score"><b>25.6 %</b><span>a &lt; b</span></div>'
    assert "<small>20.1 … 30.0 %</small>" in part('share(0.256, "right", band=band)', band=band)
    assert part('share(1, "right", plain=true)').startswith('<div class="score plain"><b>100.0 %</b>')


def test_notes_have_a_section_only_if_there_are_any() -> None:
    assert part("to_know(notes)", notes=[]) == ""
    assert "<li>a &lt; b</li><li>c</li>" in part("to_know(notes)", notes=["a < b", "c"])


def test_a_class_that_was_not_tested_has_no_share() -> None:
    tested = SimpleNamespace(n_images=4, accuracy=0.75, confused_with="oak", n_confused=1)
    untested = SimpleNamespace(n_images=0, accuracy=0.0, confused_with="", n_confused=0)
    cells = part("class_cells(row)", row=tested)
    assert [re.sub("<.*?>", "", cell).strip() for cell in cells.split("</td>")] == ["75 %", "", "oak (1)", ""]
    assert "width: 60.0px" in cells
    cells = part("class_cells(row)", row=untested)
    assert [re.sub("<.*?>", "", cell).strip() for cell in cells.split("</td>")] == ["–", "", "", ""]
    assert "width" not in cells
