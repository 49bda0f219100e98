"""What do several centres or studies say together, and do they agree? Imports `measures`."""
