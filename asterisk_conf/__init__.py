"""Asterisk's configuration: templates, rendered and validated; no secrets live here."""
