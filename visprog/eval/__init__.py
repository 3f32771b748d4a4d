"""Benchmarks: data sets, metrics and reports."""
