"""What has been decided on a model, by whom, and does it hold? Imports `features.errors` only."""
