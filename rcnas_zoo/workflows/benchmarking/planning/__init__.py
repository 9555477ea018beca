"""Floor 5: what a benchmark would do, and what that would cost on this machine, from a short measurement."""
