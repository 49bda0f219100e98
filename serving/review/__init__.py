"""How do reviewers read, sign and refuse in a browser? Imports `web`."""
