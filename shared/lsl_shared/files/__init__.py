"""The files that all parts agree on: stores, annotations, manifests, and how they are read and written."""
