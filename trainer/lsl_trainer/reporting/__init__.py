"""What a person reads: pages, figures and tables; first of all the report of a training."""
