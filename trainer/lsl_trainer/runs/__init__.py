"""Whole runs: one training, and cross-validation."""
