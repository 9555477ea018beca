"""The RC-NAS agent: a frozen state encoder and a multi-head policy trained by vanilla policy gradient."""
