"""Floor 2: robust accuracy with a verdict for each image, intervals, and reasons to doubt the numbers."""
