"""How specrun is released: its version, the section of the changelog, what is built, and the tag."""
