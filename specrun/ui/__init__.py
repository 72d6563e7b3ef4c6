"""The page of `specrun ui`."""
