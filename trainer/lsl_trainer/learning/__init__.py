"""Learning: the algorithm, its steps, epochs and checkpoints."""
