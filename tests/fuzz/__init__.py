"""Everything that comes from outside is thrown at what reads it: `python -m tests.fuzz --help`."""
