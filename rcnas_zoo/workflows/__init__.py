"""Floor 5: whole jobs. They know every room below; nothing but the command line and the package's face knows them."""
