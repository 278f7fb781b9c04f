"""Tests of ivr.agi."""
