"""How is a study run as a whole, up to a tracked run and a model? Imports `report` and below."""
