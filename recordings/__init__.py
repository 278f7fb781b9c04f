"""Recordings: from the capture of a call to a sealed, playable file."""
