"""Building maps: which images take part, their masks, and the sums over a store."""
