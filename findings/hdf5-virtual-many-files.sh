#!/usr/bin/env bash
# h5py 3.16.0 (HDF5 2.0.0) and 3.11.0 (HDF5 1.14.2), NumPy 2.4.6, seen 2026-11-28 on Linux.
#
# A virtual dataset shows the images of many HDF5 files as one, and is what people reach for when a cluster left a file for
# each job. A read keeps every file open that it touches. Where those are more than the process may open (1,024 on most
# Linux systems), HDF5 takes the others for missing and gives the fill value in their place: black images. Nothing is raised.
# Of 1,500 files with two images each, 966 of 3,000 images are black under that limit, read at once or 50 at a time. A
# look at a single one shows it in its place. If the dataset is opened anew for each piece, or under a higher limit, none is
# black. h5repack makes a file with the black images in it, and ends with 0.
# Cure: `ulimit -n` above the number of files, or open the dataset anew for every few hundred of them.
# Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/count.py" <<'PYTHON'
import os
import resource
import sys

import h5py
import numpy as np

FILES, EACH = 1500, 2
os.chdir(sys.argv[1])
whole = h5py.VirtualLayout((FILES * EACH, 4, 4), np.uint8)
for index in range(FILES):
    with h5py.File(f"job-{index:04}.h5", "w") as file:
        file["images"] = np.full((EACH, 4, 4), 200, np.uint8)
    source = h5py.VirtualSource(f"job-{index:04}.h5", "images", (EACH, 4, 4))
    whole[EACH * index : EACH * (index + 1)] = source
with h5py.File("all.h5", "w") as file:
    file.create_virtual_dataset("images", whole)


def black(pieces):
    return sum(int((images == 0).all((1, 2)).sum()) for images in pieces)


def pieces(step, anew):
    """All images, `step` at a time, of one dataset or of one that is opened anew for each piece."""
    with h5py.File("all.h5") as file:
        images = file["images"]
        for start in range(0, FILES * EACH, step):
            if anew:
                images = None
                images = file["images"]
            yield images[start : start + step]


print("h5py", h5py.__version__, "HDF5", h5py.version.hdf5_version)
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
at_once, kept, anew = black(pieces(3000, False)), black(pieces(50, False)), black(pieces(50, True))
print(f"1,024 open files at most: of 3000 images {at_once} black read at once, {kept} read 50 at a time,")
print(f"    {anew} if the dataset is opened anew for each piece")
assert at_once > 900 and kept > 900 and anew == 0, "another number of images is black now"
PYTHON
for version in 3.16.0 3.11.0; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "h5py==$version" numpy==2.4.6
  mkdir "$folder/data-$version"
  "$folder/$version/bin/python" "$folder/count.py" "$folder/data-$version"
done
