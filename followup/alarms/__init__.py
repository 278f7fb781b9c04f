"""Troubles of the house itself that staff must see: a refusing gateway, a lost node."""
