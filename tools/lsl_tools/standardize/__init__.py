"""From raw photographs to standardized embryos: found, cut out, turned and brought to one size."""
