"""Hearing a call by EAGI, where Asterisk's AudioSocket cannot be had.

Nothing is imported here: the listener that Asterisk starts for each call is to start quickly.
"""
