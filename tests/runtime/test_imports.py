"""What must not be needed: torch anywhere in the runtime, and the heavy picture libraries for annotating."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

lsl_runtime = import_module("lsl_runtime")  # a module whose names come lazily: mypy sees those of the stub alone

_WITHOUT = """
import importlib.abc, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in {refused!r}:
            raise ModuleNotFoundError(f"{{name}} is not here", name=name)

sys.meta_path.insert(0, Refuse())
"""


def _run(code: str, refused: set[str], folder: Path) -> str:
    script = _WITHOUT.format(refused=refused) + code
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_annotating_needs_neither_torch_nor_picture_libraries(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    make_store(20), make_bundle()
    code = """
import lsl_runtime
from lsl_runtime import Model, annotate, write_csv
done = annotate("store.h5", Model.load("runs/1/model"), saliency=True, features=True)
write_csv(done.path, "store.h5", "answers.csv")
print(done.images, sorted({"rich", "typer", "csv"} & set(sys.modules)))
"""
    refused = {"torch", "cv2", "matplotlib", "jinja2", "onnx", "sklearn", "dask", "distributed"}
    refused |= {"lsl_trainer", "lsl_tools"}
    assert _run(code, refused, tmp_path) == "20 ['csv']\n"


def test_every_command_runs_without_torch(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    make_store(60), make_bundle()
    code = """
from lsl_runtime.annotation import cli as annotate_cli
from lsl_runtime.evaluation import cli as evaluate_cli
from lsl_runtime.gem import cli as gem_cli
from lsl_runtime.genes import cli as genes_cli
mains = (annotate_cli.main,), (gem_cli.main, "--stage", "9"), (genes_cli.main,), (evaluate_cli.main, "--all")
for main, *arguments in mains:
    sys.argv = ["command", *arguments]
    try:
        main()
    except SystemExit as end:
        print("exit", end.code)
"""
    told = _run(code, {"torch", "onnx", "sklearn", "lsl_trainer", "lsl_tools"}, tmp_path)
    assert [line for line in told.splitlines() if line.startswith("exit")] == ["exit 0"] * 4


def test_public_names_are_there_and_sorted() -> None:
    assert lsl_runtime.__all__ == sorted(lsl_runtime.__all__)
    for name in lsl_runtime.__all__:
        assert getattr(lsl_runtime, name).__doc__


def test_no_module_hides_a_public_name(tmp_path: Path) -> None:
    code = """
import importlib, pkgutil, types, lsl_runtime, lsl_shared
for package in (lsl_runtime, lsl_shared):
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    print([name for name in package.__all__ if isinstance(getattr(package, name), types.ModuleType)])
"""
    assert _run(code, {"torch"}, tmp_path) == "[]\n[]\n"


@pytest.mark.parametrize("command", ["annotation.cli", "gem.cli", "genes.cli", "evaluation.cli"])
def test_help_waits_for_nothing(tmp_path: Path, command: str) -> None:
    code = f"""
from lsl_runtime.{command} import main
sys.argv = ["command", "--help"]
main()
"""
    refused = {"torch", "numpy", "h5py", "onnxruntime", "cv2", "matplotlib", "dask", "pyarrow"}
    assert "--debug" in _run(code, refused, tmp_path)


@pytest.mark.parametrize("name", ["Model", "annotate", "build_gem", "build_gems", "Gem", "evaluate", "Evaluation"])
def test_promised_names_are_public(name: str) -> None:
    assert name in lsl_runtime.__all__
