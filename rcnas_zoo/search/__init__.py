"""Floor 4: ways to look for a network; each proposes, is told the outcome, and learns."""
