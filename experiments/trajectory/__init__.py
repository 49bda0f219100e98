"""How does pain go from week to week? Imports `training` and `features`."""
