"""The kinds of steps that methods are made of."""
