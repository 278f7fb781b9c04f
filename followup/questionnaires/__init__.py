"""FHIR R4 questionnaires: what may be asked, when, and what an answer means."""
