"""Steps, reads, the graph and the runner. Sees storage as a protocol only."""
