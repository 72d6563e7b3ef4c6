"""A script that a case can name."""
