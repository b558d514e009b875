#!/usr/bin/env bash
# h5py 3.16.0 (HDF5 2.0.0), NumPy 2.4.6, seen 2026-11-28 on Linux.
#
# HDF5 finds a chunk through an index, and reads one of 200,000 as fast as one of 2,000. To say where it lies in the file
# (`get_chunk_info_by_coord`, `get_chunk_info`) it walks through all of them, each time. A reader that inflates chunks by
# itself, on many cores, and asks so before each, takes quadratic time; at 1,000,000 images in 125,000 chunks half of the
# time of summing up all maps went there. Milliseconds a chunk, fifty at random:
#     chunks    read it    where is it, by coordinates    by number
#      2,000      0.005              0.03                   0.06
#    200,000      0.011             10.4                   28
# Cure: read_direct_chunk, which goes by the index; or gather all places once with chunk_iter (0.6 s of 200,000).
# Fails when the place of one of 200,000 chunks takes less than ten times that of one of 2,000.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check h5py==3.16.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import statistics
import time

import h5py
import numpy as np

FEW, MANY = 2_000, 200_000


def milliseconds(ask, places):
    taken = []
    for place in places:
        start = time.perf_counter()
        ask(place)
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def measured(chunks):
    """Of a dataset of that many chunks: time to read one, and to hear where one lies, by coordinates and by number."""
    with h5py.File("images.h5", "w") as file:
        images = file.create_dataset("images", (chunks, 8, 8), np.uint8, chunks=(1, 8, 8)).id
        for place in range(chunks):
            images.write_direct_chunk((place, 0, 0), bytes(64))
    places = np.random.default_rng(0).integers(0, chunks, 50).tolist()
    with h5py.File("images.h5") as file:
        images = file["images"].id
        images.read_direct_chunk((0, 0, 0))
        read = milliseconds(lambda place: images.read_direct_chunk((place, 0, 0)), places)
        by_coordinates = milliseconds(lambda place: images.get_chunk_info_by_coord((place, 0, 0)), places)
        return read, by_coordinates, milliseconds(images.get_chunk_info, places)


few, many = measured(FEW), measured(MANY)
for chunks, times in ((FEW, few), (MANY, many)):
    print(f"{chunks:>7,} chunks: read {times[0]:.3f} ms, place by coordinates {times[1]:.3f}, by number {times[2]:.3f}")
assert many[1] > 10 * few[1] and many[2] > 10 * few[2], "the place of a chunk is found through an index now"
assert many[0] < many[1] / 10
PYTHON
