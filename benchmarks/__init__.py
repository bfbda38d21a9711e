"""What things cost; see docs/benchmarks.md."""
