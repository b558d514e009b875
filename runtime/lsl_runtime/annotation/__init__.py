"""Annotating a store: the plan, the parts, and how they are joined."""
