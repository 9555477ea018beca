"""The adversarial examples behind a robust accuracy, packed small and proved again."""
