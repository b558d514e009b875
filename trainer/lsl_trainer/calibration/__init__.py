"""Temperatures, thresholds of terms, and bootstrap intervals."""
