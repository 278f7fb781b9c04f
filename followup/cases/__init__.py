"""Complaints and praise: registered from anywhere, handled by deadline, counted."""
