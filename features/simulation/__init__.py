"""What would patients look like whose truth is known? Imports `panel` and below."""
