"""From bytes to flow batches: one module per format, recognised from content."""
