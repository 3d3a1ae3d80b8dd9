"""Who scans: contacts, population, weighed evidence, targeting, verdicts. Pure functions over Arrow batches."""
