"""Patients, their stays in hospital, and how both come in from lists."""
