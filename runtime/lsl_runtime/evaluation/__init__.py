"""Scores of annotations against labels."""
