"""Stores from other people's stacks of images: HDF5, MATLAB v7.3, NumPy."""
