# mypy: ignore-errors
"""Makes pytables.h5, netcdf4.h5 and h5netcdf.h5: stores as design/files.md has them, by other libraries than h5py.

pip install tables netCDF4 h5netcdf (3.11.1, 1.7.5, 1.8.2); python by_python.py
"""

from __future__ import annotations

import h5netcdf
import netCDF4
import numpy as np
import tables

N, H, W = 6, 8, 10
n, h, w, c = np.indices((N, H, W, 3))
IMAGES = ((64 * n + 9 * h + 5 * w + 3 * c) % 251).astype(np.uint8)
IDS, GENES = list("abcdef"), ["eve", "eve", "ftz", "ftz", "hb", ""]
RANGES, STAGES = [0, 1, -1, 0, 1, 0], [0.0, 1, np.nan, 0, 1, 0]


def by_pytables() -> None:
    with tables.open_file("pytables.h5", "w") as file:
        file.root._v_attrs.format, file.root._v_attrs.version = "lsl-store", 1
        packed = tables.Filters(complevel=5, complib="zlib")
        file.create_carray("/", "images", obj=IMAGES, chunkshape=(3, H, W, 3), filters=packed)
        file.create_group("/", "samples")
        file.create_array("/samples", "id", obj=np.array(IDS, "S1"))
        file.create_array("/samples", "gene", obj=np.array(GENES, "S3"))
        file.create_group("/", "labels")
        coarse = file.create_array("/labels", "stage_range", obj=np.array(RANGES))
        coarse.attrs.classes = np.array(["4-6", "7-8"], "S")
        fine = file.create_array("/labels", "stage", obj=np.array(STAGES))
        fine.attrs.classes, fine.attrs.parent = np.array(["5", "7"], "S"), "stage_range"
        fine.attrs.parent_index = np.array([0, 1])


def by_netcdf4() -> None:
    with netCDF4.Dataset("netcdf4.h5", "w", format="NETCDF4") as file:
        file.setncattr("format", "lsl-store")
        file.setncattr("version", np.int32(1))
        for name, size in (("n", N), ("h", H), ("w", W), ("c", 3)):
            file.createDimension(name, size)
        images = file.createVariable("images", "u1", ("n", "h", "w", "c"), zlib=True, chunksizes=(3, H, W, 3))
        images[...] = IMAGES
        samples, labels = file.createGroup("samples"), file.createGroup("labels")
        for name, texts in (("id", IDS), ("gene", GENES)):
            samples.createVariable(name, str, ("n",))[:] = np.array(texts, object)
        coarse, fine = (labels.createVariable(name, "f8", ("n",)) for name in ("stage_range", "stage"))
        coarse[:], fine[:] = RANGES, STAGES
        coarse.setncattr_string("classes", ["4-6", "7-8"])
        fine.setncattr_string("classes", ["5", "7"])
        fine.setncattr("parent", "stage_range")
        fine.setncattr("parent_index", np.array([0, 1], np.int16))


def by_h5netcdf() -> None:
    with h5netcdf.File("h5netcdf.h5", "w") as file:
        file.attrs["format"], file.attrs["version"] = "lsl-store", 1
        file.dimensions = {"n": N, "h": H, "w": W, "c": 3}
        file.create_variable("images", ("n", "h", "w", "c"), "u1", data=IMAGES, chunks=(3, H, W, 3), compression="gzip")
        samples, labels = file.create_group("samples"), file.create_group("labels")
        samples.create_variable("id", ("n",), data=np.array(IDS, "S1"))
        samples.create_variable("gene", ("n",), data=np.array(GENES, "S3"))
        coarse = labels.create_variable("stage_range", ("n",), data=np.array(RANGES, "i8"))
        coarse.attrs["classes"] = np.array(["4-6", "7-8"], object)
        fine = labels.create_variable("stage", ("n",), data=np.array(STAGES))
        fine.attrs["classes"], fine.attrs["parent"] = np.array(["5", "7"], object), "stage_range"
        fine.attrs["parent_index"] = np.array([0, 1], np.int16)


if __name__ == "__main__":
    by_pytables()
    by_netcdf4()
    by_h5netcdf()
