"""How near do estimates come to a truth that is known? Not in the wheel."""
