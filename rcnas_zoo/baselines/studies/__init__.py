"""Studies: many trials of one method's settings, shared by processes, each trial once, none lost."""
