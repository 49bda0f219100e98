"""What does a network become: results, report, tracked run, model? Imports `updating` and below."""
