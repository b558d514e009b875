"""Which labels are wrong: out-of-fold answers held against fine and coarse labels together."""
