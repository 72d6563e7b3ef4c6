"""Which specs are different from a commit, and why: what git says has changed, against what specs are made of."""
