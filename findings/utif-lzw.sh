#!/usr/bin/env bash
# UTIF, the usual TIFF reader of web pages, gives wrong pixels for LZW packed TIFFs, without a word.
#
# A picture of 40 x 60 random colours is written by tifffile, plain and packed with LZW. tifffile and libtiff (through
# OpenCV) read both as they were. UTIF reads the plain one rightly; of the packed one nearly half of the values are wrong,
# and nothing is thrown.
#
# Seen with utif 3.1.0, tifffile 2026.3.3, imagecodecs 2026.3.6, opencv-python-headless 4.13.0.92, numpy 2.4.2 on
# 2026-11-28:
#     raw.tif: tifffile 0, OpenCV 0 of 7200 values wrong
#     lzw.tif: tifffile 0, OpenCV 0 of 7200 values wrong
#     raw.tif: UTIF 0 of 7200 values wrong
#     lzw.tif: UTIF 3240 of 7200 values wrong
# Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  tifffile==2026.3.3 imagecodecs==2026.3.6 opencv-python-headless==4.13.0.92 numpy==2.4.2
cd "$folder"
venv/bin/python - <<'PYTHON'
import cv2
import numpy as np
import tifffile

colours = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
colours.tofile("colours.bin")
for name, packing in (("raw.tif", None), ("lzw.tif", "lzw")):
    tifffile.imwrite(name, colours, photometric="rgb", compression=packing)
    by_tifffile, by_opencv = tifffile.imread(name), cv2.imread(name)[..., ::-1]
    wrong = [int((found != colours).sum()) for found in (by_tifffile, by_opencv)]
    print(f"{name}: tifffile {wrong[0]}, OpenCV {wrong[1]} of {colours.size} values wrong")
    assert wrong == [0, 0]
PYTHON
npm install --silent --no-fund --no-audit utif@3.1.0
node - <<'NODE'
const UTIF = require("utif");
const fs = require("fs");
const colours = fs.readFileSync("colours.bin");
const wrong = {};
for (const name of ["raw.tif", "lzw.tif"]) {
  const data = fs.readFileSync(name);
  const [page] = UTIF.decode(data);
  UTIF.decodeImage(data, page);
  const pixels = UTIF.toRGBA8(page);
  wrong[name] = [...colours].filter((value, k) => pixels[4 * Math.floor(k / 3) + (k % 3)] !== value).length;
  console.log(`${name}: UTIF ${wrong[name]} of ${colours.length} values wrong`);
}
process.exit(wrong["raw.tif"] === 0 && wrong["lzw.tif"] === 3240 ? 0 : 1);
NODE
