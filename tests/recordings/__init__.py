"""Recordings: from capture to sealed file."""
