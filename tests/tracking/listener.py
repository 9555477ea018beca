"""A person who listens to warnings."""

from rcnas_zoo.spec.observer import Silent


class Listener(Silent):
    def __init__(self):
        self.warnings = []

    def warning(self, message):
        self.warnings.append(message)
