"""Tests of every part; `scripts/test` runs them in the order that it prints."""
