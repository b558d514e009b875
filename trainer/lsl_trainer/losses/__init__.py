"""Losses of single steps."""
