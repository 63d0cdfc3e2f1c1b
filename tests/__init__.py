"""Tests, the tools they share, and benchmarks."""
