"""How patients become a function: risk, interval, reasons. Imports `measures` and below."""
