"""The site builds without a warning, fetches nothing, and shows every public name and every command."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from lsl_trainer.settings.config import TrainConfig
from tests.docs.commands import APPLICATIONS, commands_of
from tests.support.places import ROOT

PACKAGES = {"lsl_shared": "shared", "lsl_runtime": "runtime", "lsl_trainer": "trainer", "lsl_tools": "tools"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={"NO_MKDOCS_2_WARNING": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe|source|link|video)\b[^>]*(?:src|href)=\"([^\"]+)\"", text)
        assert not [address for address in loaded if re.match(r"(?:https?:)?//", address)], page
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style


def test_files_are_shown_in_place(site: Path) -> None:
    shown = re.sub(r"<[^>]+>", "", (site / "python.html").read_text(encoding="utf-8"))
    for example in ("embed", "dask_array", "napari_widget"):
        first_line = (ROOT / "examples" / f"{example}.py").read_text(encoding="utf-8").splitlines()[0]
        assert first_line in html.unescape(shown)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_its_place(site: Path, package: str) -> None:
    shown = (site / "api" / f"{PACKAGES[package]}.html").read_text(encoding="utf-8")
    for name in import_module(package).__all__:
        assert f'id="{package}.{name}"' in shown, name


def test_every_command_is_shown(site: Path) -> None:
    shown = (site / "commands.html").read_text(encoding="utf-8")
    for name in APPLICATIONS:
        assert f'id="{name}"' in shown
        for below in commands_of(name):
            assert f'id="{name}-{below}"' in shown, below


def test_every_setting_is_shown_with_its_meaning(site: Path) -> None:
    shown = (site / "settings.html").read_text(encoding="utf-8")
    rows = re.findall(r"<tr>\s*<td><code>([\w-]+)</code></td>(.*?)</tr>", shown, re.DOTALL)
    cells = {name: re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for name, row in rows}
    assert [name for name, row in cells.items() if not all(row)] == []
    names = {name.lstrip("-").replace("-", "_") for name in cells}
    listed = {
        "task": "tasks",
        "task_weight": "task_weights",
        "feature_block": "feature_blocks",
    }  # options that may be repeated
    settings = TrainConfig().flat() | TrainConfig().to_dict()["network"]
    assert {listed.get(name, name) for name in names} == set(settings) - {"preset"}


def test_links_to_commands_lead_somewhere(site: Path) -> None:
    anchors = set(re.findall(r'id="([\w-]+)"', (site / "commands.html").read_text(encoding="utf-8")))
    for page in site.rglob("*.html"):
        named = set(re.findall(r"commands\.html#([\w-]+)", page.read_text(encoding="utf-8")))
        assert named <= anchors, page


def test_the_citation_is_of_this_version() -> None:
    cited: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert all({"type", "title", "authors"} <= set(paper) for paper in cited["references"])
