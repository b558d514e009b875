"""What a person reads after a training: the report, its figures and tables."""
