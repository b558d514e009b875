"""Which images to label next, and bringing labels back into a store."""
