"""Floor 4: the tables of the RC-NAS paper (arXiv 2406.06792) as data, and what is wrong with them."""
