"""Who may ask? Keys, tokens and sessions, limits, and what each address demands."""
