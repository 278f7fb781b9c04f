"""Tests of ivr."""
