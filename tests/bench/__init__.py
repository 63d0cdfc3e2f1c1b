"""Benchmarks: each prints a ratio or a time measured in one run; none of them is a test."""
