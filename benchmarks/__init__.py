"""Speed and memory, each figure beside a raw limit of the same machine: ``python -m benchmarks``."""
