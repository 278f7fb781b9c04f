"""Patients: phone numbers and lists."""
