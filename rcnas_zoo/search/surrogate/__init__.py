"""A Bayesian model of what networks are worth, learned from a meta-training, and the search by it alone."""
