"""Alerts: findings that somebody must act on before a deadline."""
