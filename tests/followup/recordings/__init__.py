"""Recordings: how long they are kept."""
