"""What did a researcher write beside a file, and what does it mean? Imports `cohort` and below."""
