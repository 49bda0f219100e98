"""Whether the estimates come true, and for whom they are asked.

Computations take arrays and know neither store nor page. May import features, training (no MLflow;
Matplotlib in `plots` only), serving.estimate and serving.records; knows no web library.
"""
