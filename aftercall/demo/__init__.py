"""The demo: sample patients, a simulated gateway, one campaign, a report."""
