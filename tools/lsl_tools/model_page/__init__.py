"""A model bundle as one page for a browser: photographs in, classes and maps out, with nothing installed."""
