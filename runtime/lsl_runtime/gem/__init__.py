"""Genomewide expression maps: sums over a store, their uncertainty, comparisons, tables and pictures."""
