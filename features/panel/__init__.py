"""What does a microRNA panel say, well by well? Imports `cohort` and below."""
