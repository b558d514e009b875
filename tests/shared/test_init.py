from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import lsl_shared

PUBLIC: list[str] = import_module("lsl_shared").__all__


def test_public_names_are_sorted_and_there() -> None:
    assert sorted(PUBLIC) == PUBLIC
    assert all(hasattr(lsl_shared, name) for name in PUBLIC)


def test_public_names_have_docstrings() -> None:
    assert [name for name in PUBLIC if not (getattr(lsl_shared, name).__doc__ or "").strip()] == []


def test_importing_is_light() -> None:
    heavy = "{'torch', 'cv2', 'matplotlib', 'jinja2', 'lsl_runtime', 'lsl_tools', 'lsl_trainer'}"
    asked = f"import sys, lsl_shared; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
