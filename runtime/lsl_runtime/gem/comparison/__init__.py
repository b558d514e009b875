"""Two maps compared, with significance."""
