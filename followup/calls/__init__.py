"""Attempts, escalations and recordings: what really happened on the wire."""
