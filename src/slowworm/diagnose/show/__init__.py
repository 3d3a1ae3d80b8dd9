"""Output of ``show`` commands, one module per command: text → facts."""
