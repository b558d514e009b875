"""Getting images into a store and looking after it: importers, the synthetic demo store, information and checks."""

from __future__ import annotations

from lsl_tools.check import CheckReport, check_store
from lsl_tools.demo.store import write_demo_store
from lsl_tools.importing.report import ImportReport
from lsl_tools.importing.run import import_images
from lsl_tools.info import StoreInfo, store_info

__all__ = [
    "CheckReport",
    "ImportReport",
    "StoreInfo",
    "check_store",
    "import_images",
    "store_info",
    "write_demo_store",
]
