#!/usr/bin/env bash
# pylibCZIrw 6.1.0 and 5.1.1 (libCZI inside), NumPy 2.4.6, seen 2026-11-27 on Linux x86-64. aicspylibczi 4.0.1 and 4.0.0 do the same.
#
# Colours of 16 bits (Bgr48) that are packed with zstd1 after low and high bytes were parted, as ZEN packs 16 bits, are
# read wrong, without an error: pylibCZIrw writes the file rightly, and reads other values than it wrote. About 99 % of
# random 12-bit values are wrong, and they differ from one reading to the next. Grey of 16 bits packed so, and Bgr48
# packed with zstd1 alone, are read right. pylibCZIrw 5.0.0 and 4.1.3 read the same file right.
# Cure: pip install 'pylibCZIrw<5.1', or write without HiLoByteUnpack.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for version in 6.1.0 5.0.0; do
  python3 -m venv "$work/$version"
  "$work/$version/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 "pylibCZIrw==$version"
done
cat > "$work/try.py" <<'PYTHON'
import sys
from pathlib import Path

import numpy as np
from pylibCZIrw import czi

folder, write = Path(sys.argv[1]), sys.argv[2] == "write"
PARTED, PLAIN = "zstd1:ExplicitLevel=3;PreProcess=HiLoByteUnpack", "zstd1:ExplicitLevel=3"
colours = np.random.default_rng(1).integers(0, 4096, (48, 80, 3), dtype=np.uint16)
CASES = {"colours-parted": (colours, PARTED), "colours-plain": (colours, PLAIN), "grey-parted": (colours[..., :1], PARTED)}
for name, (values, packing) in CASES.items():
    path = str(folder / f"{name}.czi")
    if write:
        with czi.create_czi(path, compression_options=packing) as document:
            document.write(np.ascontiguousarray(values), plane={"C": 0})
            document.write_metadata("random values")
    with czi.open_czi(path) as document:
        wrong = (document.read() != values).mean()
    print(f"  {name}: {100 * wrong:.0f} % of the values are read wrong")
    misread = write and name == "colours-parted"
    assert (wrong > 0.5) if misread else (wrong == 0), "this is no longer so"
PYTHON
mkdir "$work/files"
echo "written and read by 6.1.0:"
"$work/6.1.0/bin/python" "$work/try.py" "$work/files" write
echo "the same files read by 5.0.0:"
"$work/5.0.0/bin/python" "$work/try.py" "$work/files" read
echo "as described"
