"""How is a model of many centres made, no row of which leaves? Imports `updating` and below."""
