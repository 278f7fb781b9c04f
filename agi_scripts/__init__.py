"""The scripts that Asterisk calls, one file a script; each reads as the call's story."""
