"""Where models, runs and their facts lie; knows MLflow, alone. Imports `study` and below."""
