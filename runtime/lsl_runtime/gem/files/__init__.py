"""Maps as HDF5 and CSV."""
