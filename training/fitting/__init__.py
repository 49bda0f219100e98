"""How a study's procedure is fitted, again and again, without bias. Imports `model` and below."""
