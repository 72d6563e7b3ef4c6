"""Azurite, the blob store that tests upload to: npm's package, pinned, and a launcher."""
