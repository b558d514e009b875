"""What a running command needs: the terminal, interrupts, waiting, memory that is used again."""
