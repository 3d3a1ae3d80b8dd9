"""Scripts that regenerate figures and tables in the documentation; run from the repository's root."""
