"""Benchmarks that anybody can run: `make bench`. Numbers come with what they are compared to."""
