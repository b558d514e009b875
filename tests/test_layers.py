"""Imports go one way: between the packages, between the rooms of each, and without a circle between files.

grimp reads the imports of every file, those inside functions and those for type checkers included. What is allowed
stands in layers.toml.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

LISTED: dict[str, dict[str, list[str]]] = tomllib.loads(Path(__file__).with_name("layers.toml").read_text("utf-8"))
PACKAGES = tuple(LISTED["packages"])
INSIDE = {part: arrows for part, arrows in LISTED.items() if part not in ("packages", "libraries")}

Import = tuple[str, str]
"""Importing module, imported module."""
Arrows = Mapping[str, Iterable[str]]
"""Part → the parts that it may import."""


def read_imports() -> tuple[frozenset[str], frozenset[Import]]:
    """All modules of the four packages, and all imports in them, those of other libraries included."""
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    ours = frozenset(module for module in graph.modules if module.partition(".")[0] in PACKAGES)
    found = ((one, other) for one in ours for other in graph.find_modules_directly_imported_by(one))
    return ours, frozenset(found)


MODULES, IMPORTS = read_imports()


def part_of(module: str, whole: str) -> str:
    """The part of `whole` that a module lies in; '' where it lies elsewhere, or is `whole` itself."""
    return module.removeprefix(f"{whole}.").partition(".")[0] if module.startswith(f"{whole}.") else ""


def refused(imports: Iterable[Import], whole: str, allowed: Arrows) -> list[str]:
    """The imports between the listed parts of `whole` that are not allowed."""
    wrong = []
    for one, other in sorted(imports):
        part, imported = part_of(one, whole), part_of(other, whole)
        if part in allowed and imported not in ("", part, *allowed[part]):
            wrong.append(f"{one} imports {other}: {whole}.{part} may import {', '.join(allowed[part]) or 'none'}")
    return wrong


def refused_packages(imports: Iterable[Import], allowed: Arrows, libraries: Arrows) -> list[str]:
    """The imports of packages and libraries that are not allowed."""
    wrong = []
    for one, other in sorted(imports):
        package, imported = one.partition(".")[0], other.partition(".")[0]
        if imported in allowed and imported not in (package, *allowed[package]):
            wrong.append(f"{one} imports {other}")
        if imported in libraries and package not in libraries[imported]:
            wrong.append(f"{one} imports {other}, which only {', '.join(libraries[imported])} may")
    return wrong


def circle(imports: Iterable[Import]) -> list[str]:
    """Files that import each other in a circle, the first one again at the end; [] where there are none."""
    after: dict[str, set[str]] = defaultdict(set)
    for one, other in imports:
        after[one].add(other)
    try:
        TopologicalSorter(after).prepare()
    except CycleError as problem:
        return list(problem.args[1])
    return []


def test_packages_import_one_way_and_libraries_where_they_may() -> None:
    assert refused_packages(IMPORTS, LISTED["packages"], LISTED["libraries"]) == []


@pytest.mark.parametrize("whole", sorted(INSIDE))
def test_rooms_import_one_way(whole: str) -> None:
    assert refused(IMPORTS, whole, INSIDE[whole]) == []


def test_no_two_files_import_each_other_in_a_circle() -> None:
    assert circle(IMPORTS) == []


@pytest.mark.parametrize("whole", sorted(LISTED))
def test_the_list_goes_one_way(whole: str) -> None:
    """Each part may import what stands above it; so no circle can be allowed."""
    if whole == "libraries":
        return
    above: list[str] = []
    for part, arrows in LISTED[whole].items():
        loose = {name for name in arrows if f"{whole}.{name}" in MODULES and name not in LISTED[whole]}
        assert set(arrows) - loose <= set(above), f"[{whole}] {part}"
        above.append(part)


@pytest.mark.parametrize("whole", sorted(INSIDE))
def test_the_list_names_every_part_and_no_other(whole: str) -> None:
    """Of a package all parts; of a room its rooms."""
    parts = {part_of(module, whole) for module in MODULES} - {""}
    rooms = {part for part in parts if any(module.startswith(f"{whole}.{part}.") for module in MODULES)}
    assert set(INSIDE[whole]) == (parts if whole in PACKAGES else rooms)
    assert {name for arrows in INSIDE[whole].values() for name in arrows} <= parts


def test_every_room_with_rooms_of_its_own_is_listed() -> None:
    inner = {module.rpartition(".")[0] for module in MODULES if module.count(".") == 3}
    assert {room.rpartition(".")[0] for room in inner} == set(INSIDE) - set(PACKAGES)


def test_arrows_that_go_wrong_are_found() -> None:
    arrows = {"low": [], "high": ["low"]}
    up, down = ("p.low.a", "p.high.b"), ("p.high.b", "p.low.a")
    assert refused([down], "p", arrows) == []
    assert refused([up], "p", arrows) == ["p.low.a imports p.high.b: p.low may import none"]
    assert refused([("p.high", "p.new")], "p", arrows) == ["p.high imports p.new: p.high may import low"]
    assert refused_packages([("low.a", "high.b"), ("low.a", "torch")], arrows, {"torch": ["high"]}) == [
        "low.a imports high.b",
        "low.a imports torch, which only high may",
    ]
    assert circle([("a", "b"), ("b", "c")]) == []
    assert set(circle([("a", "b"), ("b", "c"), ("c", "a")])) == {"a", "b", "c"}
