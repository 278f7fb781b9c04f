"""Campaigns and their tasks: who is due to be called, and why."""
