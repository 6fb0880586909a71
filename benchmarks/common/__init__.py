"""Tasks, models and reports that the benchmarks share."""
