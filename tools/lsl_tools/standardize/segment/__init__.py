"""Finding the embryo in a photograph."""
