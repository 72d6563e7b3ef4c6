"""Computes and prints by turns: `python paced.py PAUSE LINES BLOCKS [work]`. Its last line says how long that took.

Each line has the moment at which its block was printed. Pauses are not made up for: whatever holds it up, is seen.
"""

from __future__ import annotations

import os
import sys
import time

WORK = 20_000
"""Additions before each block, some milliseconds."""


def main() -> None:
    """Print the blocks, then the seconds."""
    pause, lines, blocks = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    begun = time.perf_counter()
    for number in range(blocks):
        total = 0
        for term in range(WORK if "work" in sys.argv[4:] else 0):
            total += term
        head = f"{time.time():.6f} block {number:06d} "
        os.write(1, "".join(f"{head}line {line:04d} of a job that prints\n" for line in range(lines)).encode())
        time.sleep(pause)
    print(f"took {time.perf_counter() - begun:.6f}", flush=True)


if __name__ == "__main__":
    main()
