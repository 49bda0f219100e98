"""What does a run tell that only some runs have: a panel, many centres? Imports `part`."""
