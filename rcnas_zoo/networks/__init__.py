"""Floor 1: from a spec to a module, and what a spec costs."""
