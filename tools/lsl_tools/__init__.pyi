"""Getting images into a store and looking after it: importers, standardization, the demo store, information, checks."""

from .auditing.audit import Audit as Audit
from .auditing.audit import audit_store as audit_store
from .demo.store import write_demo_store as write_demo_store
from .importing.report import ImportReport as ImportReport
from .importing.run import import_images as import_images
from .inspection.check import CheckReport as CheckReport
from .inspection.check import check_store as check_store
from .inspection.info import StoreInfo as StoreInfo
from .inspection.info import store_info as store_info
from .stacks.import_stack import import_stack as import_stack
from .standardize.orientation import Orienter as Orienter
from .standardize.report import StandardizeReport as StandardizeReport
from .standardize.run import standardize_images as standardize_images
