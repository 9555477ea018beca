"""Floor 5: every row of a comparison on one task, each the best trial of a study, with seeds and tests."""
