"""What only a development chain does: its own methods, its faults, its anchor, and the processes that run it."""
