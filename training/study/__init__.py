"""What does a researcher ask, of whom, with which settings? Imports `panel` and below."""
