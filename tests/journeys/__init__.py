"""End to end, on a real Asterisk, a real PostgreSQL, real SIP and RTP."""
