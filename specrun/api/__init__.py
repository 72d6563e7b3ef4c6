"""Specs and runs for Python programs and notebooks."""
