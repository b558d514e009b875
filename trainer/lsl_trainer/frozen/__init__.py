"""Frozen parts of networks: what they give is computed once for every image, and kept beside the run."""
