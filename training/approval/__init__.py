"""What has been decided on a model, by whom, and does it hold? Imports `store.statuses` at most."""
