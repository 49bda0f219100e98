"""How does a microRNA panel update a clinical estimate? Imports `model` and below."""
