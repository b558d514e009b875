"""Tables of labels: one reader for all commands that take one."""
