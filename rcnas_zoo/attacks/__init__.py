"""Floor 1: attacks. They take a model, images and labels, and know no data set."""
