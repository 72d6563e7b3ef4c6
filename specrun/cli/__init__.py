"""The command line. This module is the first of specrun that a command imports."""

import gc

# Starting up makes many objects and no garbage: collecting there costs a tenth of the start. What runs on is collected.
gc.set_threshold(50_000, 20, 20)
