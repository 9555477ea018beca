"""Floor 6: the command line; installed as ``rcnas_zoo_cli``."""
