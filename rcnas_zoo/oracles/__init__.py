"""Floor 3: tables of networks that were trained and attacked once, replayed in place of training."""
