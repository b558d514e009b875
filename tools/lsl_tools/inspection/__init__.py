"""What a store holds, what is wrong with it, and whether this machine annotates right."""
