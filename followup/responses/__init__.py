"""Questionnaire responses, answers and findings: what a patient said."""
