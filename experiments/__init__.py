"""The researcher's bench: real cohorts, known truth, benchmarks. Not part of the installed package."""
