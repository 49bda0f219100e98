"""What does a cohort or a panel look like, for a paper? Imports `training` and `features`."""
