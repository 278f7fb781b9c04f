"""Simulated days on the telephone, under the live pacing or any other policy."""
