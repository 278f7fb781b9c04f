"""Tests of dialer."""
