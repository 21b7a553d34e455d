"""What a portfolio should hold, and what it risks."""
