from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import lsl_tools

PUBLIC: list[str] = import_module("lsl_tools").__all__


def test_public_names_are_sorted_and_there() -> None:
    assert sorted(PUBLIC) == PUBLIC
    assert all(hasattr(lsl_tools, name) for name in PUBLIC)


def test_public_names_have_docstrings() -> None:
    assert [name for name in PUBLIC if not (getattr(lsl_tools, name).__doc__ or "").strip()] == []


def test_importing_is_light() -> None:
    heavy = "{'torch', 'onnxruntime', 'matplotlib', 'jinja2', 'lsl_trainer'}"
    asked = f"import sys, lsl_tools; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "words", [(), ("demo",), ("import",), ("standardize",), ("fetch-bdgp",), ("label",), ("check",)]
)
def test_help_is_light(words: tuple[str, ...]) -> None:
    heavy = "{'torch', 'onnxruntime', 'h5py', 'numpy', 'cv2', 'matplotlib', 'jinja2'}"
    asked = f"import sys; sys.argv = ['lsl-store', *{words}, '--help']; from lsl_tools.cli import app; "
    asked += f"app(standalone_mode=False); print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"


def test_standardization_is_public() -> None:
    from lsl_tools.standardize.run import standardize_images

    assert lsl_tools.standardize_images is standardize_images
    assert lsl_tools.Orienter.load().thresholds
    with pytest.raises(AttributeError, match="standardise_images"):
        lsl_tools.standardise_images  # type: ignore[attr-defined]  # noqa: B018
