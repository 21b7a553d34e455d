"""The spine: the DDL of both databases, its migrations and the table specs."""
