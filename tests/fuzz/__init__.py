"""Fuzzing of every decoder: seeds, mutators, oracles, and `python -m tests.fuzz` (docs/practice/fuzzing.md)."""
