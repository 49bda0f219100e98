"""Can what comes be: what a lead asks, what a centre tells? Imports `protocol` and `content`."""
