"""Prints every dataset of an HDF5 file that a Python library finds, with its sum: by_python.py LIBRARY FILE."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np


def of_h5py(path: str) -> Iterator[tuple[str, Any]]:
    h5py = import_module("h5py")

    found: list[str] = []
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        for name in found:
            yield name, file[name].asstr()[...] if h5py.check_string_dtype(file[name].dtype) else file[name][...]


def of_pyfive(path: str) -> Iterator[tuple[str, Any]]:
    pyfive = import_module("pyfive")

    with pyfive.File(path) as file:
        found: list[str] = []
        file.visititems(lambda name, item: found.append(name) if isinstance(item, pyfive.Dataset) else None)
        for name in found:
            yield name, file[name][...]


def of_tables(path: str) -> Iterator[tuple[str, Any]]:
    tables = import_module("tables")

    with tables.open_file(path) as file:
        for node in file.walk_nodes("/", "Array"):
            yield node._v_pathname.strip("/"), node.read()


def of_netcdf4(path: str) -> Iterator[tuple[str, Any]]:
    library = import_module("netCDF4")

    def walk(group: Any, above: str) -> Iterator[tuple[str, Any]]:
        for name, one in group.variables.items():
            one.set_auto_mask(False)
            yield f"{above}{name}", one[...]
        for name, inner in group.groups.items():
            yield from walk(inner, f"{above}{name}/")

    with library.Dataset(path) as file:
        yield from walk(file, "")


def of_xarray(path: str, **options: Any) -> Iterator[tuple[str, Any]]:
    xarray = import_module("xarray")

    tree = xarray.open_datatree(path, decode_cf=False, **options)
    for node in tree.subtree:
        for name, one in node.to_dataset(inherit=False).variables.items():
            yield f"{node.path}/{name}".strip("/"), one.values


def of_xarray_h5netcdf(path: str) -> Iterator[tuple[str, Any]]:
    return of_xarray(path, engine="h5netcdf", phony_dims="access")


def of_xarray_netcdf4(path: str) -> Iterator[tuple[str, Any]]:
    return of_xarray(path, engine="netcdf4")


def total(values: Any) -> float:
    """The sum of numbers without NaN; the letters of texts."""
    array = np.asarray(values)
    if array.dtype.kind in "OSU":
        return sum(len(one if isinstance(one, bytes) else str(one).encode()) for one in array.ravel().tolist())
    return float(np.nansum(array.astype(float)))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for key, values in globals()[f"of_{sys.argv[1]}"](sys.argv[2]):
        print(f"{key}\t{total(values)!r}")
