"""Tests of the whole, as a user starts it."""
