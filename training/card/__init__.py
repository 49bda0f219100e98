"""What a model card says, which gates it passes. Imports `approval`, `store` and below."""
