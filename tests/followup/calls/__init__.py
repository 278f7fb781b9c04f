"""Tests of attempts and outcomes."""
