"""How a model does in other patients and centres. Imports `evaluation` and below."""
