"""Spot checks: finished follow-ups are sampled, heard again, scored, appealed and put right."""
