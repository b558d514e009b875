"""Links, paths, modules and options that the pages name exist."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from importlib.util import find_spec

import pytest

from tests.docs.commands import APPLICATIONS, options
from tests.docs.markdown_pages import PAGES, Page
from tests.support.places import ROOT

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)

OTHER_PROGRAMS = {"--nproc-per-node"}
"""Options of other programs that the pages name."""

_PATH = re.compile(r"(?:shared|runtime|trainer|tools|tests|docs|design|examples)/[\w./-]+\.(?:py|md|sh|yml|toml)")
_MODULE = re.compile(r"lsl_(?:shared|runtime|trainer|tools)(?:\.\w+)*")


@each_page
def test_every_link_leads_somewhere(page: Page) -> None:
    for link in page.links():
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        path = (page.path.parent / target).resolve() if target else page.path
        if path.name in ("commands.md", "settings.md"):  # made when the site is built, see test_site.py
            continue
        assert path.exists(), link
        assert not anchor or anchor in Page(path).anchors(), link


@each_page
def test_every_path_exists(page: Page) -> None:
    for span in page.spans():
        for path in _PATH.findall(span):
            assert (ROOT / path).exists(), path


@each_page
def test_every_module_and_name_exists(page: Page) -> None:
    for span in page.spans():
        if _MODULE.fullmatch(span):
            assert _exists(span), span


def _exists(dotted: str) -> bool:
    """Whether a module has this name, or a module the attribute."""
    package, _, name = dotted.rpartition(".")
    if not package:
        return find_spec(name) is not None
    if _is_module(dotted):
        return True
    return _is_module(package) and hasattr(import_module(package), name)


def _is_module(dotted: str) -> bool:
    try:
        return find_spec(dotted) is not None
    except ModuleNotFoundError:
        return False


def test_every_room_is_told() -> None:
    """The architecture page names each folder of the packages, or one that it lies in."""
    told = {span for span in Page(ROOT / "docs" / "architecture.md").spans() if _MODULE.fullmatch(span)}
    for folder in ("shared", "runtime", "trainer", "tools"):
        package = ROOT / folder / f"lsl_{folder}"
        rooms = {path.parent.name for path in package.glob("*/__init__.py")}
        assert {f"lsl_{folder}.{room}" for room in rooms} <= told


def test_every_extra_is_told() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["optional-dependencies"]) <= set(Page(ROOT / "docs" / "install.md").spans())


@each_page
def test_every_option_exists(page: Page) -> None:
    known = OTHER_PROGRAMS.union(*(options(name) for name in APPLICATIONS))
    named = {option for span in page.spans() for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", span)}
    if page.name == "BENCHMARKS.md":  # its commands are scripts of tools/bench as well
        named -= _options_of_scripts()
    assert named <= known, named - known


def _options_of_scripts() -> set[str]:
    """What the scripts of tools/ declare: options written out, and parameters, of which typer makes options."""
    scripts = [*(ROOT / "tools" / "bench").glob("*.py"), *(ROOT / "tools" / "orientation").glob("*.py")]
    declared = [re.findall(r"\"(--[a-z][a-z0-9-]*)\"|\b([a-z_]+): ", path.read_text("utf-8")) for path in scripts]
    return {written or f"--{parameter.replace('_', '-')}" for found in declared for written, parameter in found}
