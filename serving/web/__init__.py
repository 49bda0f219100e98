"""How does a person in the clinic ask and read? Imports `estimate`."""
