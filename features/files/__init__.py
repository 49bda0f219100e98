"""How is a table read from a file and written whole? Imports `features.errors` only."""
