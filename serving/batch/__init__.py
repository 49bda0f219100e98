"""How are a million patients answered, also after a break? Imports `estimate` and below."""
