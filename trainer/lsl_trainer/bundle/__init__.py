"""Model bundles: what is written, and the smaller variants."""
