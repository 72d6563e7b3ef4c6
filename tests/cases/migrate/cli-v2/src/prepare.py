"""Prepares the digits for training."""
