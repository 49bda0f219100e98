"""What is the estimate for one patient? Record in, answer out. Imports `training` and below."""
