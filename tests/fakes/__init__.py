"""Stand-ins that tests speak with over real sockets."""
