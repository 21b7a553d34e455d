"""Room audit: what became of the decisions."""
