"""Outbreaks drawn from the models: so far the targets that a profile's worm would choose."""
