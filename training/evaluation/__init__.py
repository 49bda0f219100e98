"""What can be said of a study's procedure from its own patients? Imports `store` and below."""
