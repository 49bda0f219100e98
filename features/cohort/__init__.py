"""Whose courses are in a file, and what do their cells mean? Imports `dictionary` and below."""
