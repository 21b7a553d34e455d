"""The rooms: one bounded context each. They share tables, never code."""
