"""Getting images into a store and looking after it: importers, standardization, the demo store, information, checks.

Standardization is imported when it is first used: it needs ONNX Runtime, which the rest can do without.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lsl_tools.check import CheckReport, check_store
from lsl_tools.demo.store import write_demo_store
from lsl_tools.importing.report import ImportReport
from lsl_tools.importing.run import import_images
from lsl_tools.info import StoreInfo, store_info

if TYPE_CHECKING:
    from lsl_tools.standardize.orientation import Orienter
    from lsl_tools.standardize.report import StandardizeReport
    from lsl_tools.standardize.run import standardize_images

__all__ = [
    "CheckReport",
    "ImportReport",
    "Orienter",
    "StandardizeReport",
    "StoreInfo",
    "check_store",
    "import_images",
    "standardize_images",
    "store_info",
    "write_demo_store",
]

_MODULE = {"Orienter": "orientation", "StandardizeReport": "report", "standardize_images": "run"}


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.standardize.{_MODULE[name]}"), name)
