"""Vectors that several languages run, and what writes those of our own."""
