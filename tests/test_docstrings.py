"""Every public function and class tells each of its arguments in a line, and its example runs.

Examples run in a folder that holds what a reader would have after the walk: `store.h5` (60 drawn embryos of 16 × 40
pixels, tasks `stage` and `stage_range`), `runs/demo/model`, and `store.annotations.h5` with saliency and features.
"""

from __future__ import annotations

import doctest
import inspect
import os
import re
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from lsl_runtime import Model, annotate
from tests.support.bands import write_bundle, write_store
from tests.support.planted_labels import write_answers

PACKAGES = ("lsl_shared", "lsl_runtime", "lsl_trainer", "lsl_tools")


def callables() -> Iterator[tuple[str, Any]]:
    """Public functions, and the public methods of public classes, those that they inherit from ours included."""
    for package in PACKAGES:
        module = import_module(package)
        for name in module.__all__:
            one = getattr(module, name)
            if inspect.isfunction(one):
                yield f"{package}.{name}", one
            elif inspect.isclass(one) and not issubclass(one, BaseException):
                ours = [vars(base) for base in reversed(one.__mro__) if base.__module__.partition(".")[0] in PACKAGES]
                for member, value in {name: value for base in ours for name, value in base.items()}.items():
                    method = value.__func__ if isinstance(value, classmethod | staticmethod) else value
                    if inspect.isfunction(method) and not member.startswith("_"):
                        yield f"{package}.{name}.{member}", method


CALLABLES = dict(callables())
FUNCTIONS = sorted(name for name, one in CALLABLES.items() if name.count(".") == 1)


def arguments(function: Any) -> list[str]:
    """Its parameters but self and cls."""
    return [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]


@pytest.mark.parametrize("name", sorted(CALLABLES))
def test_every_argument_is_told(name: str) -> None:
    text, wanted = inspect.getdoc(CALLABLES[name]) or "", arguments(CALLABLES[name])
    assert text, "no docstring"
    section = re.search(r"^Args:\n((?:    .*\n?|\n)+)", text, re.MULTILINE)
    told = re.findall(r"^    \*{0,2}(\w+)(?: \([^)]*\))?: \S", section[1], re.MULTILINE) if section else []
    if wanted:
        assert told == wanted


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_an_example(name: str) -> None:
    assert ">>>" in (CALLABLES[name].__doc__ or "")


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after the walk."""
    folder = tmp_path_factory.mktemp("walked")
    write_store(folder / "store.h5")
    write_bundle(folder / "runs" / "demo" / "model", split={f"image{row:05d}": "test" for row in range(20)})
    annotate(folder / "store.h5", Model.load(folder / "runs" / "demo" / "model", "cpu"), saliency=True, features=True)
    write_answers(folder / "store.h5", folder / "store.annotations.h5", folder / "runs" / "demo")
    return folder


def examples() -> list[doctest.DocTest]:
    """The examples in the docstrings of public names, those of classes and methods included."""
    found = doctest.DocTestFinder(recurse=False)
    tests = [one for name, item in CALLABLES.items() for one in found.find(item, name, module=False)]
    for package in PACKAGES:
        module = import_module(package)
        for name in module.__all__:
            if inspect.isclass(getattr(module, name)):
                tests += found.find(getattr(module, name), f"{package}.{name}", module=False)
    return [test for test in tests if test.examples]


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_the_example_runs(
    example: doctest.DocTest, walked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(walked, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    told: list[str] = []
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(optionflags=options)
    runner.run(example, out=told.append, clear_globs=False)
    assert runner.summarize(verbose=False).failed == 0, os.linesep.join(told)
