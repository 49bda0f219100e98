"""How does the page open with the patient filled in? SMART on FHIR: launched by a record system.

It may import what is below: `access`, `cds_hooks`, `fhir` and `web`.
"""
