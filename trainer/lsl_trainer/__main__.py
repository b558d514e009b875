"""`python -m lsl_trainer` is lsl-train, for torchrun: torchrun --nproc-per-node 2 -m lsl_trainer STORE --out RUN."""

from lsl_trainer.cli import main

main()
