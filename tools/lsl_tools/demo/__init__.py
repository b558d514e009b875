"""Synthetic Drosophila ISH embryos with known stage, expression and landmarks."""
