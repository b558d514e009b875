"""What each gene shows at each place and stage, in the formats that single-cell and spatial tools read."""
