"""Stateful and generated tests of the pure models."""
