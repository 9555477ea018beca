"""Floor 1: labelled images, from published data sets and from the user's own files."""
