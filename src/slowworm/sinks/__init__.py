"""Sinks: flow batches to bytes, one module or folder a format, with an account of what the format cannot carry."""
