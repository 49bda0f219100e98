"""What did a training find, as results, pages and a tracked run? Imports `validation` and below."""
