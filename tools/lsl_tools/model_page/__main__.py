"""`python -m lsl_tools.model_page FOLDER` lets npm fetch ONNX Runtime Web into a folder: for `make page-library`."""

from __future__ import annotations

import sys
from pathlib import Path

from lsl_shared.errors import ConfigError
from lsl_tools.model_page.library import fetch_library

__all__: list[str] = []

if __name__ == "__main__":
    try:
        fetch_library(Path(sys.argv[1]))
    except ConfigError as problem:
        sys.exit(str(problem))
