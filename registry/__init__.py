"""The catalogue that ships with the package: one folder an entry."""
