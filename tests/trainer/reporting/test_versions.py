from __future__ import annotations

import platform

import torch

from lsl_trainer.reporting.versions import versions


def test_it_names_what_decides_about_weights_and_graphs() -> None:
    found = versions()
    assert found["python"] == platform.python_version()
    assert found["torch"].startswith(torch.__version__.split("+")[0])
    assert "onnxruntime" in found or "onnxruntime-gpu" in found
    assert all(isinstance(value, str) for value in found.values())
