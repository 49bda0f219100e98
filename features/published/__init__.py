"""What has been published on response, with its sources? Imports `features.errors` only."""
