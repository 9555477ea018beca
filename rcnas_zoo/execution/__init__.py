"""Floor 1: where work runs: this process, or processes beside it; the processor or a graphics card."""
