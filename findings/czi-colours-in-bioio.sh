#!/usr/bin/env bash
# bioio 3.6.0 with bioio-czi 3.0.1, bioio-ome-tiff 1.4.0 (pylibCZIrw 6.1.0, tifffile 2026.3.3), seen 2026-11-27 on Linux x86-64.
#
# A photograph in colour (Bgr24) in a CZI has other pixels in each of the ways that one BioImage object offers, without a
# warning: `get_image_data` gives blue, green, red along the axis S (other readers of bioio give red, green, blue there),
# and `get_image_dask_data` gives blue three times. `BioImage.save` takes the second, so an OME-TIFF made of a CZI is a
# grey picture of its blue channel that calls itself RGB. It is the same with use_aicspylibczi=True.
# Cure: read with get_image_data, turn the last axis over, and write that with OmeTiffWriter.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 bioio==3.6.0 bioio-base==3.5.0 \
  bioio-czi==3.0.1 bioio-ome-tiff==1.4.0 pylibCZIrw==6.1.0 tifffile==2026.3.3
"$work/venv/bin/python" - "$work" <<'PYTHON'
import logging
import sys
import warnings
from pathlib import Path

import bioio_czi
import numpy as np
import tifffile
from bioio import BioImage
from pylibCZIrw import czi

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
folder = Path(sys.argv[1])
photograph = np.random.default_rng(0).integers(0, 256, (48, 80, 3), dtype=np.uint8)  # red, green, blue
with czi.create_czi(str(folder / "a.czi"), compression_options="uncompressed:") as document:
    document.write(np.ascontiguousarray(photograph[..., ::-1]), plane={"C": 0})  # Bgr24 is blue first
    document.write_metadata("photograph")


def told(values):
    orders = {"red, green, blue": photograph, "blue, green, red": photograph[..., ::-1]}
    orders["blue, blue, blue"] = photograph[..., [2, 2, 2]]
    return next((name for name, order in orders.items() if np.array_equal(values, order)), "something else")


for further in ({}, {"use_aicspylibczi": True}):
    image = BioImage(folder / "a.czi", reader=bioio_czi.Reader, **further)
    found = {
        "get_image_data": told(image.get_image_data("YXS")),
        "get_image_dask_data": told(image.get_image_dask_data("YXS").compute()),
    }
    image.save(folder / "a.ome.tiff")
    with tifffile.TiffFile(folder / "a.ome.tiff") as saved:
        found[f"save, {saved.pages[0].photometric.name}"] = told(saved.asarray())
    print(further or "by default")
    for way, colours in found.items():
        print(f"  {way}: {colours}")
    assert list(found.values()) == ["blue, green, red", "blue, blue, blue", "blue, blue, blue"], "this is no longer so"
PYTHON
echo "as described"
