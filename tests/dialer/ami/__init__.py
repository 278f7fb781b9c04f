"""Tests of dialer.ami."""
