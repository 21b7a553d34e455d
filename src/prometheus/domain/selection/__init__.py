"""Scores of instruments, and the universes that may be held."""
