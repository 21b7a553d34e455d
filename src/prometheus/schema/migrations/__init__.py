"""Alembic's folder: env.py and one line of revisions for each database.

A revision is two files: vNNNN_what_it_does.py names its place in the line, the .sql beside it says what
changes. A revision that has been released never changes; the DDL in ../runtime and ../historical is the
sum of all revisions, which a test proves.
"""
