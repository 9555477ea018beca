"""Adversarial training: objectives, augmentation, schedules and the loop."""
