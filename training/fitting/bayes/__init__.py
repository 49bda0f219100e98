"""The Bayesian member: its columns, its models, and their mixture by evidence."""
