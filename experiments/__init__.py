"""The researcher's bench: real cohorts, known truth, benchmarks. Not in the installed package."""
