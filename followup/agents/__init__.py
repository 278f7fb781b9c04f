"""Headset agents: their state, their reservation for a call."""
