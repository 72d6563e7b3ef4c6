"""Azurite, the blob store under the emulator: npm's package, pinned, and a launcher."""
