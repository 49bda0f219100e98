"""How good estimates are: arrays in, documented tables out. Imports `document` and below."""
