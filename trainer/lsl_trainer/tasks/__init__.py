"""The kinds of tasks that a network learns: classes, one of which is right, or terms, any number of which are."""
