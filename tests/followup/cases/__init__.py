"""Complaints and praise."""
