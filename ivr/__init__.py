"""The phone conversation: engine, prompts, and Asterisk's gateway interface."""
