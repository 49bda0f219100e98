"""What a model is once it is fitted: risk, interval, reasons. Imports `measures` and below."""
