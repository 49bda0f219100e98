"""What was asked and answered, and what became of it: the store of estimates and outcomes.

May import features, training (no MLflow) and serving.estimate; knows no web library.
"""
