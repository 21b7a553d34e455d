"""The versions of the runtime database, oldest first."""
