"""Reading pictures from untrusted files."""
