"""Floor 4, above the searches: what a search is compared with, each method by a study of its own settings."""
