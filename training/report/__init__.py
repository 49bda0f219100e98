"""What did a training find, as results and pages? Imports `validation` and below."""
