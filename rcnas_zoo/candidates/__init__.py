"""Floor 3: from a spec to what it is worth, with a cache so that nothing is done twice."""
