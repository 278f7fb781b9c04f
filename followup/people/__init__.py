"""Users of the console, their sessions, and the audit trail."""
