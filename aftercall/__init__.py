"""The command line, and what puts the rooms together: provisioning, up, demo, doctor."""
