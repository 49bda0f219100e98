"""What do published studies say together? Imports `training` and `features`."""
