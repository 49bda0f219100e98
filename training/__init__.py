"""How a model is made, judged and let out."""
