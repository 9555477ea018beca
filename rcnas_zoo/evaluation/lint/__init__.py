"""A small evaluation of the evaluation itself: signs that a robust accuracy deceives."""
