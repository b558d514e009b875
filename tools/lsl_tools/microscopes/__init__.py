"""Photographs from microscopes' files: CZI, LIF, ND2, OME-TIFF, OME-Zarr; a file may hold several scenes."""
