#!/usr/bin/env bash
# spatialdata 0.7.0 with ome-zarr 0.14.0 and newer, which it allows (seen 2026-11-28 with 0.14.0 and 0.18.0, zarr 3.1.6, dask 2026.1.1).
#
# spatialdata asks for ome-zarr from 0.12.2 on, without an upper end, so a plain install takes the newest. It hands chunks over
# as dask has them, a tuple of sizes for each axis, and ome-zarr from 0.14 on passes them to zarr, which wants one number for
# each axis. So `SpatialData.write` fails for every image, be it of 3 × 8 × 8 pixels: TypeError, "Expected an iterable of
# integers". Tables and shapes are written, so a test without an image does not see it.
# Cure: ome-zarr 0.13.0 or 0.12.2.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
pip() { "$work/venv/bin/pip" install --quiet --disable-pip-version-check spatialdata==0.7.0 zarr==3.1.6 dask==2026.1.1 "$@"; }
cat > "$work/write.py" <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import numpy as np

warnings.simplefilter("ignore")
from spatialdata import SpatialData, read_zarr  # noqa: E402
from spatialdata.models import Image2DModel  # noqa: E402

picture = np.random.default_rng(0).random((3, 8, 8), dtype=np.float32)
data = SpatialData(images={"embryo": Image2DModel.parse(picture, dims=("c", "y", "x"))})
try:
    data.write(sys.argv[1])
    told = "written and read back whole" if (read_zarr(sys.argv[1])["embryo"].values == picture).all() else "changed"
except TypeError as problem:
    told = f"TypeError: {problem}"
print(f"ome-zarr {version('ome-zarr')}: {told}")
PYTHON
pip ome-zarr==0.14.0
"$work/venv/bin/python" "$work/write.py" "$work/new.zarr" 2>/dev/null | tee "$work/new.txt"
pip ome-zarr==0.13.0
"$work/venv/bin/python" "$work/write.py" "$work/old.zarr" 2>/dev/null | tee "$work/old.txt"
grep -q "TypeError: Expected an iterable of integers" "$work/new.txt"
grep -q "written and read back whole" "$work/old.txt"
echo "as described"
