"""Floor 4: pictures and tables of what was found."""
