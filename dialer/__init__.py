"""The dialer: pacing, the campaign engine, and Asterisk's manager interface."""
