"""Reference: what is traded, by whom it is issued, where, and for which portfolio and strategy."""
