"""Private parts of torch are named in one module, and pyproject.toml bounds torch because of it."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import torch
from packaging.requirements import Requirement

from lsl_trainer.graphs import torch_internals
from tests.support.places import ROOT

TRAINER = ROOT / "trainer" / "lsl_trainer"
INTERNALS = Path(torch_internals.__file__)


def dotted(node: ast.expr) -> str:
    """'a.b.c' of such an attribute, '' of any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def names_of_torch(tree: ast.Module) -> Iterator[str]:
    """Every name that a file imports from torch, or reads as an attribute of it or of aten."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "torch":
            yield from (f"{node.module}.{one.name}" for one in node.names)
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.split(".")[0] == "torch")
        elif isinstance(node, ast.Attribute) and dotted(node).split(".")[0] in ("torch", "aten"):
            yield dotted(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("torch."):
            yield node.value


def private(path: Path) -> set[str]:
    """The names with an underscore in front, or out of an experimental module."""
    names = names_of_torch(ast.parse(path.read_text(encoding="utf-8")))
    return {
        name
        for name in names
        if any(part == "experimental" or (part.startswith("_") and not part.endswith("__")) for part in name.split("."))
    }


def test_private_parts_of_torch_are_named_in_one_module() -> None:
    found = {path.relative_to(TRAINER).as_posix(): private(path) for path in TRAINER.rglob("*.py")}
    assert {path for path, names in found.items() if names} == {"graphs/torch_internals.py"}
    assert len(found["graphs/torch_internals.py"]) >= 9, "the search itself finds them"


def test_every_name_that_is_listed_is_used() -> None:
    others = "\n".join(path.read_text(encoding="utf-8") for path in TRAINER.rglob("*.py") if path != INTERNALS)
    assert [name for name in torch_internals.__all__ if name not in others] == []


def test_torch_is_bounded_on_both_sides() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (bounds,) = (one.specifier for one in map(Requirement, extras["train"]) if one.name == "torch")
    assert {one.operator for one in bounds} == {">=", "<"}
    assert torch.__version__.split("+")[0] in bounds
