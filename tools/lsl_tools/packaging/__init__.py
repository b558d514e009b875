"""Model bundles as bioimage.io packages."""
