"""Everything that speaks SQL: the embedded server, connections, reads into arrays, bulk writes, artifacts."""
