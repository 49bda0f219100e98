"""How does a record system ask, in FHIR R4? May import what is below it, `serving.web` at most."""
