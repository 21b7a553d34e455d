"""Reference files of many shapes: tables of instruments, index memberships, map files."""
