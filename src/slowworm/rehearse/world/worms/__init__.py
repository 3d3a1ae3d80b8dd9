"""Worms in the world: chains of infection inside, infected hosts outside, and what their probes meet."""
