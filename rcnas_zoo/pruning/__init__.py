"""Floor 2: robust pruning. Scores, masks and constraints that the training loop trains under."""
