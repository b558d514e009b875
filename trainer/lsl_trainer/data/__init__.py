"""From a store to batches: splits, drawn labels, augmentation."""
