"""The versions of the historical database, oldest first."""
