"""Torch's table of how its operators are written in ONNX, with ours."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from lsl_trainer.graphs.torch_internals import EXPORTER_LOGGER, ONNXRegistry
from lsl_trainer.graphs.translations import TRANSLATIONS

__all__ = ["OPSET", "quiet_exporter", "registry"]

OPSET = 20


@cache
def registry() -> Any:
    """The table, made once: it takes a second."""
    with quiet_exporter():
        table = ONNXRegistry.from_torchlib(opset_version=OPSET)
        for operator, translation in TRANSLATIONS.items():
            table.register_op(operator, translation, is_complex=False)
    return table


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """Hides what the exporter says on every run: that torchvision is absent, and what each node does not know."""
    logger = logging.getLogger(EXPORTER_LOGGER)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
