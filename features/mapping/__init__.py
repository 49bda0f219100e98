"""What did a researcher write beside a raw file: how its columns map, what the study asks?

Imports `cohort` and below.
"""
