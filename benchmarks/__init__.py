"""How fast specrun is, against peers in the same run: `python -m benchmarks`, explained in docs/performance.md."""
