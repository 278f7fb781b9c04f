"""How a campaign would go, simulated before it is there, and drawn."""
