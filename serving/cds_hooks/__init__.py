"""What does the record system show beside the patient? CDS Hooks 2.0: services, cards, feedback.

It may import what is below: `fhir`, `web`, `records` and `estimate`; `access` lets its callers in.
"""
