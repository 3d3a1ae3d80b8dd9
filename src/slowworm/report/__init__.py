"""A case as others want it: a table for people, JSON and CSV for programs, an explanation of one host."""
