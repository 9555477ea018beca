"""Floor 3: zoo entries, the catalogue that ships with the package, and the index of what was published."""
